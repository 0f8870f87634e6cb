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
from tests.bench.turn import resident_mib

CONNECTIONS = 32
STREAMS = 500


@dataclass(frozen=True)
class Plan:
    """How long and how often is measured; of several windows the best counts, because others share the machine."""

    full: tuple[float, float, int]
    """Answers a second: seconds to warm up, seconds of a window, windows."""
    paced: tuple[float, float, int]
    """Paced streams: the same."""
    relay: proxy_relay.Steps
    whole_calls: int
    whole_turns: int


FULL = Plan(
    full=(1.0, 1.0, 6), paced=(3.0, 0.3, 30), whole_calls=16, whole_turns=3,
    relay=proxy_relay.Steps((200, 400, 600, 700, 800, 900, 1000, 1100), 0.3, 25),
)  # fmt: skip
QUICK = Plan(
    full=(0.6, 0.6, 1), paced=(1.0, 0.2, 4), whole_calls=3, whole_turns=1,
    relay=proxy_relay.Steps((600,), 0.3, 4),
)  # fmt: skip


async def measure(system: systems.System, plan: Plan) -> dict[str, Any]:
    """One system's numbers; latencies are not compared with `direct` yet."""
    found: dict[str, Any] = {}
    runs = []
    for mode in ("json", "sse"):
        run = await systems.load(system, systems.Load(mode, CONNECTIONS, *plan.full))
        found |= {f"{mode}_rps": run["rps"], f"{mode}_wall_rps": run["wall_rps"]}
        runs.append(run)
    paced = await systems.load(system, systems.Load("paced", STREAMS, *plan.paced))
    found |= {key: paced[key] for key in ("p50_ms", "p99_ms", "chunks")}
    found["paced_core_share"] = paced["busy"]
    found["errors"] = sum(run["errors"] for run in (*runs, paced))
    found["rss_mib"] = resident_mib(system.pids[-1]) if 0 not in system.pids else None
    return found


async def each(plan: Plan, names: list[str]) -> dict[str, dict[str, Any]]:
    """Measure the systems called `names`, one after the other."""
    found = {}
    async with systems.upstream() as model:
        for name in names:
            start = {"direct": systems.direct, "bare": systems.bare, "understudy": systems.understudy}.get(name)
            try:
                async with start(model) if start else systems.peer(name, model) as system:
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
    names = ["direct", "understudy", *KINDS] if options.quick else ["direct", "bare", "understudy", *KINDS]
    names = options.only.split(",") if options.only else names
    result = asyncio.run(everything(QUICK if options.quick else FULL, names))
    publish("proxy", result, quick=options.quick or options.only is not None)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
