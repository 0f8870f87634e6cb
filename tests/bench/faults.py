"""`faults`: the wall of faults. Each fault strikes three deployments of four, and the agent asks on.

Understudy with its defaults, LiteLLM's proxy and Portkey's gateway, side by side with the same deployments and the same
agent (the unmodified openai SDK, streaming, without retries of its own). Every fault has pools of four simulated
deployments with the same answer; the one that lives is the slowest of them, once the second and once the last of the
list (quick: the third). A few turns are healthy; then the other three break at once and stay broken, and the measured
turns begin. For `tls` and `dns` they are broken from the start. `slow_reader` breaks nothing but the agent.

How the peers are configured is in `tests/bench/peers/litellm.py` and `portkey.py`; both are told to give a deployment
up after 600 ms, half the turn's budget. Of each system and fault: `turns`; `answered`: every word reached the agent
once, in order, with its end; `within_budget`: the first clause within 1200 ms; `seams`: turns with a sentence left
unfinished or glued wrongly; `duplicates`: words that came twice. An agent gives up after ten seconds without output.

    python -m tests.bench.faults [--quick]
"""

import argparse
import asyncio
import random
import sys
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.bench import faults_systems
from tests.bench.faults_agent import agent
from tests.bench.faults_kinds import KINDS
from tests.bench.faults_stage import Stage, pool, stage
from tests.bench.faults_tally import Tally, table
from tests.bench.faults_text import ANSWER_WORDS, LONG_WORDS, Outcome, answer, judge
from tests.bench.lines import NoCall
from tests.bench.peers import PeerUnavailable
from tests.bench.report import publish

BUDGET_S = 1.2
"""First clause of a turn, as `turnBudgetMs` has by default."""

RATE = 4.0
"""Turns a second in all. A turn that meets three faulty deployments is four requests and more, and LiteLLM serves about
forty a second on a core of its own: none is to be late because it is busy."""

QUESTION = "What are your opening hours?"


@dataclass(frozen=True)
class Plan:
    """How much.

    Attributes:
        alive: which deployment lives, one for each pool of a fault. A list that is tried in order meets as many faulty
            ones before it.
        healthy: turns of each pool before the fault.
        turns: measured turns of each pool.
        together: all systems at the same time: less time, more noise.
    """

    alive: tuple[int, ...]
    healthy: int
    turns: int
    together: bool


FULL = Plan(alive=(1, 3), healthy=8, turns=8, together=False)
QUICK = Plan(alive=(2,), healthy=2, turns=2, together=True)


async def measure(system: str, plan: Plan, world: Stage) -> dict[str, Tally]:
    """All faults against one system.

    Raises:
        PeerUnavailable: it cannot be had on this machine.
    """
    tallies = {fault: Tally() for fault in KINDS}
    async with faults_systems.running(system, world.pools(system)) as call, agent() as speaker:

        async def turn(fault: str, alive: int) -> tuple[str, Outcome]:
            try:
                async with call(pool(fault, alive)) as ask:
                    return fault, await speaker.turn(ask, QUESTION, KINDS[fault].habit)
            except (NoCall, aiohttp.ClientError) as refused:
                return fault, Outcome(error=f"no call: {refused}")

        async def every(times: int) -> list[tuple[str, Outcome]]:
            order = random.Random(7)
            tasks = []
            for _ in range(times):
                turns = [(fault, alive) for fault in KINDS for alive in world.alive]
                for place in order.sample(turns, len(turns)):
                    tasks.append(asyncio.create_task(turn(*place)))
                    await asyncio.sleep(1 / RATE)
            return await asyncio.gather(*tasks)

        await every(plan.healthy)
        world.strike(system)
        for fault, outcome in await every(plan.turns):
            words = LONG_WORDS if KINDS[fault].habit.slow else ANSWER_WORDS
            tallies[fault].add(judge(outcome, answer(words), BUDGET_S), outcome)
    return tallies


async def run(plan: Plan, systems: tuple[str, ...] = faults_systems.NAMES) -> dict[str, Any]:
    """The whole result."""
    measured: dict[str, dict[str, Tally]] = {}
    missing: dict[str, str] = {}
    turn = asyncio.Semaphore(len(systems) if plan.together else 1)

    async def one(system: str, world: Stage) -> None:
        async with turn:
            try:
                measured[system] = await measure(system, plan, world)
            except PeerUnavailable as reason:
                missing[system] = str(reason)
        _tell(system, measured.get(system), missing.get(system))

    async with stage(systems, plan.alive) as world:
        await asyncio.gather(*(one(system, world) for system in systems))
    there = {system: measured[system] for system in systems if system in measured}
    return {
        "systems": {system: {fault: each.to_json() for fault, each in by.items()} for system, by in there.items()},
        "first_clause_ms": {
            system: {fault: each.clauses() for fault, each in by.items()} for system, by in there.items()
        },
        **({"missing": missing} if missing else {}),
    }


def _tell(system: str, measured: dict[str, Tally] | None, missing: str | None) -> None:
    """Progress, and what turns ended with, for people."""
    print(f"· {system}: {missing or 'measured'}", flush=True)
    for fault, tally in (measured or {}).items():
        for error, count in tally.errors.items():
            print(f"  {fault}: {count} times {error}", flush=True)


def main(arguments: list[str]) -> int:
    """Measure, print, publish."""
    parser = argparse.ArgumentParser(description="The wall of faults.")
    parser.add_argument("--quick", action="store_true", help="ends within 45 s, with fewer turns")
    parser.add_argument("--system", action="append", choices=faults_systems.NAMES, help="only this one; not published")
    options = parser.parse_args(arguments)
    systems = tuple(options.system or faults_systems.NAMES)
    result = asyncio.run(run(QUICK if options.quick else FULL, systems))
    publish("faults", result, quick=options.quick or bool(options.system), table=table(result["systems"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
