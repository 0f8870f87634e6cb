"""`faults`: the wall of faults. Each fault strikes three deployments of four, and the agent asks on.

Understudy with its defaults, LiteLLM's proxy and Portkey's gateway, side by side with the same deployments and the same
agent (the unmodified openai SDK, streaming, without retries of its own). Every fault has pools of four simulated
deployments with the same answer; the one that lives is the slowest of them, once the second and once the last of the
list. A few turns are healthy; then the other three break at once and stay broken, and the measured turns begin. For
`tls` and `dns` they are broken from the start. `slow_reader` breaks nothing but the agent.

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
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.bench import faults_systems
from tests.bench.faults_agent import agent
from tests.bench.faults_kinds import KINDS
from tests.bench.faults_text import ANSWER_WORDS, LONG_WORDS, Outcome, Verdict, answer, judge
from tests.bench.peers import PeerUnavailable, Pools, Upstream
from tests.bench.report import publish
from understudy.apps.simulator import broken_tls, server
from understudy.apps.simulator.script import parse

BUDGET_S = 1.2
"""First clause of a turn, as `turnBudgetMs` has by default."""

DEPLOYMENTS = 4
ALIVE = (1, 3)
"""Which of them lives: a list that is tried in order meets one faulty deployment before it, or three."""

FAST = {"firstMs": 180, "sigma": 0.25, "tokenMs": 12}
SLOWER = {"firstMs": 240, "sigma": 0.25, "tokenMs": 12}
"""The survivor is not the one that latency alone had preferred."""

RATE = 9.0
"""Turns a second in all: a quarter of what LiteLLM serves on a core."""

NO_HOST = "nowhere.understudy.example"
"""Nobody can have a name under `example`; `invalid` is refused by Portkey before it looks."""
QUESTION = "What are your opening hours?"


@dataclass(frozen=True)
class Plan:
    """How much: healthy turns and measured turns of each pool."""

    healthy: int
    turns: int
    together: bool
    """All systems at the same time: less time, more noise."""


FULL = Plan(healthy=12, turns=12, together=False)
QUICK = Plan(healthy=2, turns=2, together=True)


@dataclass
class Tally:
    """What one system made of one fault."""

    verdicts: list[Verdict] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)

    def add(self, verdict: Verdict, outcome: Outcome) -> None:
        """Take in a turn."""
        self.verdicts.append(verdict)
        if outcome.error:
            self.errors[outcome.error[:120]] = self.errors.get(outcome.error[:120], 0) + 1

    def to_json(self) -> dict[str, int]:
        """As in the result."""
        return {
            "turns": len(self.verdicts),
            "answered": sum(each.answered for each in self.verdicts),
            "within_budget": sum(each.within_budget for each in self.verdicts),
            "seams": sum(each.seam for each in self.verdicts),
            "duplicates": sum(each.duplicates for each in self.verdicts),
        }


@dataclass(frozen=True)
class Stage:
    """The simulated deployments, and addresses at which there is nothing good."""

    simulator: server.Simulator
    addresses: dict[str, str]

    def pools(self, system: str) -> Pools:
        """Upstreams by pool."""
        return {pool(fault, alive): self._upstreams(system, fault, alive) for fault in KINDS for alive in ALIVE}

    def strike(self, system: str) -> None:
        """Break what has to break."""
        for fault, kind in KINDS.items():
            for alive in ALIVE:
                faulty = [number for number in range(DEPLOYMENTS) if number != alive]
                for order, number in enumerate(faulty):
                    change = {"faults": kind.faults(order)}
                    self.simulator.deployments.create(deployment(system, fault, alive, number)).change(change)

    def _upstreams(self, system: str, fault: str, alive: int) -> list[Upstream]:
        found = []
        for number in range(DEPLOYMENTS):
            name = deployment(system, fault, alive, number)
            broken = number != alive and self.addresses.get(KINDS[fault].address)
            found.append(Upstream(name, broken or f"{self.simulator.url(name)}/v1"))
        return found


def pool(fault: str, alive: int) -> str:
    """Its name: an assistant's, too, so without underscores."""
    return f"{fault.replace('_', '-')}-{alive}"


def deployment(system: str, fault: str, alive: int, number: int) -> str:
    """Its name."""
    return f"{system}-{pool(fault, alive)}-{number}"


@asynccontextmanager
async def stage(systems: tuple[str, ...]) -> AsyncIterator[Stage]:
    """Serve everything until the block ends."""
    deployments = {
        deployment(system, fault, alive, number): {"models": {"maitre": _model(fault, lives=number == alive)}}
        for system in systems
        for fault in KINDS
        for alive in ALIVE
        for number in range(DEPLOYMENTS)
    }
    script = parse({"seed": 7, "recogniserProcesses": 0, "deployments": deployments})
    async with server.running(script) as simulator, broken_tls.listening(broken_tls.Broken.GARBAGE) as garbage:
        addresses = {"tls": f"https://127.0.0.1:{garbage}/v1", "dns": f"https://{NO_HOST}/v1"}
        yield Stage(simulator, addresses)


def _model(fault: str, *, lives: bool) -> dict[str, Any]:
    if KINDS[fault].habit.slow:
        return {"answer": answer(LONG_WORDS), "firstMs": 180, "tokenMs": 0}
    return {"answer": answer(ANSWER_WORDS), **(SLOWER if lives else FAST)}


async def measure(system: str, plan: Plan, world: Stage) -> dict[str, Tally]:
    """All faults against one system.

    Raises:
        PeerUnavailable: it cannot be had on this machine.
    """
    tallies = {fault: Tally() for fault in KINDS}
    async with faults_systems.running(system, world.pools(system)) as call, agent() as speaker:

        async def turn(fault: str, alive: int) -> tuple[str, Outcome]:
            async with call(pool(fault, alive)) as ask:
                return fault, await speaker.turn(ask, QUESTION, KINDS[fault].habit)

        async def every(times: int) -> list[tuple[str, Outcome]]:
            order = random.Random(7)
            tasks = []
            for _ in range(times):
                turns = [(fault, alive) for fault in KINDS for alive in ALIVE]
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
            print(f"· {system} {'is missing' if system in missing else 'measured'}", file=sys.stderr, flush=True)

    async with stage(systems) as world:
        await asyncio.gather(*(one(system, world) for system in systems))
    for system, tallies in measured.items():
        for fault, tally in tallies.items():
            for error, count in tally.errors.items():
                print(f"  {system} {fault}: {count} times {error}", file=sys.stderr)
    result = {
        "systems": {
            system: {fault: tally.to_json() for fault, tally in measured[system].items()}
            for system in systems
            if system in measured
        }
    }
    return result | ({"missing": missing} if missing else {})


def main(arguments: list[str]) -> int:
    """Measure, print, publish."""
    parser = argparse.ArgumentParser(description="The wall of faults.")
    parser.add_argument("--quick", action="store_true", help="ends within 45 s, with fewer turns")
    parser.add_argument("--system", action="append", choices=faults_systems.NAMES, help="only this one; not published")
    options = parser.parse_args(arguments)
    systems = tuple(options.system or faults_systems.NAMES)
    result = asyncio.run(run(QUICK if options.quick else FULL, systems))
    publish("faults", result, quick=options.quick or bool(options.system))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
