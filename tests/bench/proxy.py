"""`proxy`: what a proxy between agent and model costs: ours, LiteLLM's, Portkey's, none.

The system under test has one core, upstream and load generator share another. `direct` is the load generator on the
upstream itself: the limit that these set. `bare` is our server and client with nothing between them: the limit that
HTTP sets.

    python -m tests.bench.proxy [--quick] [--only direct,understudy]
"""

import argparse
import asyncio
import sys
from dataclasses import dataclass
from typing import Any

from tests.bench import proxy_relay
from tests.bench import proxy_systems as systems
from tests.bench.peers import KINDS, PeerUnavailable
from tests.bench.report import publish, rounded
from tests.bench.turn import cpu_seconds, resident_mib

CONNECTIONS = 32
STREAMS = 500


@dataclass(frozen=True)
class Plan:
    """Seconds of each measurement, how often each is repeated (the best counts: others share the machine)."""

    warm_s: float
    seconds: float
    paced_warm_s: float
    paced_s: float
    repeats: int
    relay: proxy_relay.Steps
    whole_calls: int
    whole_turns: int


FULL = Plan(
    warm_s=1.0, seconds=3.0, paced_warm_s=3.0, paced_s=5.0, repeats=2,
    relay=proxy_relay.Steps((200, 400, 600, 700, 800, 900, 1000, 1100), 2.0, 4), whole_calls=16, whole_turns=3,
)  # fmt: skip
QUICK = Plan(
    warm_s=0.2, seconds=0.5, paced_warm_s=1.0, paced_s=0.8, repeats=1,
    relay=proxy_relay.Steps((400, 800), 0.6, 2), whole_calls=4, whole_turns=1,
)  # fmt: skip


async def measure(system: systems.System, plan: Plan) -> dict[str, Any]:
    """One system's numbers; latencies are not compared with `direct` yet."""
    found: dict[str, Any] = {"errors": 0}
    for mode in ("json", "sse"):
        runs = [await systems.load(system, mode, CONNECTIONS, plan.warm_s, plan.seconds) for _ in range(plan.repeats)]
        found[f"{mode}_rps"] = rounded(max(run["rps"] for run in runs))
        found["errors"] += sum(run["errors"] for run in runs)
    runs = [await _loaded(system, "paced", STREAMS, plan.paced_warm_s, plan.paced_s) for _ in range(plan.repeats)]
    best = min(runs, key=lambda run: (run["p99_ms"] is None, run["p99_ms"]))
    found |= {"p50_ms": best["p50_ms"], "p99_ms": best["p99_ms"], "chunks": best["chunks"]}
    found["paced_core_share"] = best["busy"]
    found["errors"] += sum(run["errors"] for run in runs)
    found["rss_mib"] = rounded(resident_mib(system.pid)) if system.pid else None
    return found


async def _loaded(system: systems.System, mode: str, connections: int, warm_s: float, seconds: float) -> dict[str, Any]:
    """A load, and the share of a core that the system used meanwhile: less than 1 when others took some of it."""
    busy = cpu_seconds(system.pid) if system.pid else 0.0
    run = await systems.load(system, mode, connections, warm_s, seconds)
    used = cpu_seconds(system.pid) - busy if system.pid else 0.0
    return {**run, "busy": round(used / (warm_s + seconds), 2)}


async def each(plan: Plan, names: list[str]) -> dict[str, dict[str, Any]]:
    """Measure the systems called `names`, one after the other."""
    found = {}
    async with systems.upstream() as port:
        for name in names:
            start = {"direct": systems.direct, "bare": systems.bare, "understudy": systems.understudy}.get(name)
            try:
                async with start(port) if start else systems.peer(name, port) as system:
                    found[name] = await measure(system, plan)
            except PeerUnavailable as missing:
                found[name] = {"unavailable": str(missing)}
            print(f"· {name}: {found[name]}", flush=True)
    return found


def compared(found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Latencies as what a system adds to `direct`."""
    base = found["direct"]
    for numbers in found.values():
        for rank in ("p50_ms", "p99_ms"):
            own, direct = numbers.get(rank), base[rank]
            numbers[f"added_{rank}"] = rounded(own - direct, 3) if own is not None and direct is not None else None
    return {name: {key: rounded(value, 3) if isinstance(value, float) else value for key, value in numbers.items()}
            for name, numbers in found.items()}  # fmt: skip


async def everything(plan: Plan, names: list[str]) -> dict[str, Any]:
    """The whole result."""
    found = compared(await each(plan, names))
    calls = await proxy_relay.relayed(plan.relay)
    print(f"· calls: {calls}", flush=True)
    return {"peers": found, **calls, **await proxy_relay.whole(plan.whole_calls, plan.whole_turns)}


def main(arguments: list[str]) -> int:
    """Measure, print, publish."""
    parser = argparse.ArgumentParser(description="What a proxy between agent and model costs.")
    parser.add_argument("--quick", action="store_true", help="ends within 45 s")
    parser.add_argument("--only", help="systems, by comma; nothing is published then")
    options = parser.parse_args(arguments)
    names = options.only.split(",") if options.only else ["direct", "bare", "understudy", *KINDS]
    result = asyncio.run(everything(QUICK if options.quick else FULL, names))
    publish("proxy", result, quick=options.quick or options.only is not None)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
