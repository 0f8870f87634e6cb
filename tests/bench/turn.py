"""`turn`: the caller's last audible frame → the first audible frame of the answer, every provider answering in 50 ms.

`understudy` is front door, agent and proxy; `direct` the same agent with the same settings talking to the providers
itself. Turns of the two alternate in blocks within one run, so that both meet the same noise of the machine.

    python -m tests.bench.turn [--quick]
"""

import argparse
import asyncio
import os
import re
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import turn_direct
from tests.bench.proxy_process import ProxyProcess
from tests.bench.report import percentile, publish, rounded
from tests.integration.agent.agent_process import AgentProcess
from tests.integration.agent.caller import Caller
from tests.integration.agent.fake_proxy import TOKEN, FakeProxy


@dataclass(frozen=True)
class Plan:
    """How much to measure: every block is one call of `block_turns` on each path; then `calls` at once."""

    blocks: int
    block_turns: int
    calls: int
    call_turns: int


FULL = Plan(blocks=4, block_turns=6, calls=16, call_turns=5)
QUICK = Plan(blocks=1, block_turns=3, calls=4, call_turns=1)


@dataclass
class Way:
    """One way from caller to providers, and what was measured on it."""

    turns: list[turn_direct.Turn] = field(default_factory=list)

    def summary(self) -> dict[str, float | None]:
        """p50 and p95 in milliseconds."""
        totals = [turn.total_ms for turn in self.turns]
        return {"p50_ms": rounded(percentile(totals, 50)), "p95_ms": rounded(percentile(totals, 95))}

    def stages(self) -> dict[str, float]:
        """Median of each stage in milliseconds."""
        return {
            name: round(statistics.median(turn.stages_ms[name] for turn in self.turns), 1) for name in turn_direct.NAMES
        }


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """Resident memory of a process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


async def block(media: str, fake: FakeProxy, path: Way, call: tuple[str, int]) -> None:
    """One call: its id and its turns."""
    name, turns = call
    fake.events.clear()
    async with Caller(media, fake.url, name) as caller:
        await turn_direct.converse(caller, turns)
        path.turns += turn_direct.split(fake, caller)


async def latency(agent: AgentProcess, plan: Plan) -> tuple[Way, Way]:
    """(understudy, direct), a block of one after a block of the other."""
    understudy, direct = Way(), Way()
    async with FakeProxy(turn_direct.script()) as fake:
        with ProxyProcess(fake.url, f"127.0.0.1:{agent.port}", TOKEN) as proxy:
            for number in range(plan.blocks):
                await block(proxy.media, fake, understudy, (f"CAu{number}", plan.block_turns))
                await block(agent.media, fake, direct, (f"CAd{number}", plan.block_turns))
    return understudy, direct


async def load(agent: AgentProcess, calls: int, turns: int) -> dict[str, Any]:
    """`calls` calls at once through everything: what a call costs agent and proxy together."""
    async with FakeProxy(turn_direct.script()) as fake:
        with ProxyProcess(fake.url, f"127.0.0.1:{agent.port}", TOKEN) as proxy:
            pids = {"agent": agent.process.pid, "proxy": proxy.pid}
            memory = {name: resident_mib(pid) for name, pid in pids.items()}
            callers = [Caller(proxy.media, fake.url, f"CAl{number}") for number in range(calls)]
            for caller in callers:
                await caller.__aenter__()
                await asyncio.sleep(0.2)
            clock = asyncio.get_running_loop().time
            began, busy = clock(), {name: cpu_seconds(pid) for name, pid in pids.items()}
            answered = await asyncio.gather(*(turn_direct.converse(each, turns, n) for n, each in enumerate(callers)))
            elapsed = clock() - began
            share = {name: (cpu_seconds(pid) - busy[name]) / elapsed for name, pid in pids.items()}
            grown = {name: (resident_mib(pid) - memory[name]) / calls for name, pid in pids.items()}
            late = max(caller.late for caller in callers)
            await asyncio.gather(*(caller.__aexit__() for caller in callers))
    every = [value for each in answered for value in each]
    return {
        "calls": calls,
        "unanswered_turns": calls * turns - len(every),
        "p50_ms": rounded(percentile(every, 50)),
        "p95_ms": rounded(percentile(every, 95)),
        "core_share": {name: round(value, 3) for name, value in share.items()},
        "mib_per_call": {name: round(value, 2) for name, value in grown.items()},
        "caller_late_ms": round(late * 1000, 1),
    }


def run(plan: Plan) -> dict[str, Any]:
    """The whole result."""
    agent = turn_direct.start_agent(calls=plan.calls * 2)
    try:
        understudy, direct = asyncio.run(latency(agent, plan))
        loaded = asyncio.run(load(agent, plan.calls, plan.call_turns))
    finally:
        agent.stop()
    added = {
        key: rounded((understudy.summary()[f"{key}_ms"] or 0) - (direct.summary()[f"{key}_ms"] or 0))
        for key in ("p50", "p95")
    }
    return {
        "understudy": understudy.summary(),
        "direct": direct.summary(),
        "added_ms": added,
        "calls_per_core": round(plan.calls / sum(loaded["core_share"].values()), 1),
        "mib_per_call": round(sum(loaded["mib_per_call"].values()), 2),
        "turns": {"understudy": len(understudy.turns), "direct": len(direct.turns)},
        "stages_p50_ms": {"understudy": understudy.stages(), "direct": direct.stages()},
        "load": loaded,
    }


def main(arguments: list[str]) -> int:
    """Measure, print, publish."""
    parser = argparse.ArgumentParser(description="Turn latency through Understudy and without it.")
    parser.add_argument("--quick", action="store_true", help="ends within 45 s, with fewer turns")
    options = parser.parse_args(arguments)
    publish("turn", run(QUICK if options.quick else FULL), quick=options.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
