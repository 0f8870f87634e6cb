"""Continuous calls: as many at a time as asked, until the time or the number is up."""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from understudy.apps.simulator.caller import Caller, CallReport, Dialogue
from understudy.apps.simulator.caller.dialogue import VOICES
from understudy.base.clock import Clock

MAX_CONCURRENCY = 200
"""One process sends about 50 messages a second for each call; beyond this it would be late."""

REDIAL_S = 1.0
"""Pause after a call that was refused, so that a front door that is down is not hammered."""


def say(document: dict[str, Any]) -> None:
    """One JSON line on standard output, at once."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


@dataclass
class Load:
    """Keeps callers calling.

    Attributes:
        concurrency: calls at a time.
        calls: how many calls in all; None: no bound.
        duration_s: start no call after so long; None: no bound.
        stagger_s: between the first calls, so that they do not march in step.
        seed: decides dialogues, voices and pauses.
    """

    caller: Caller
    dialogues: Sequence[Dialogue]
    clock: Clock
    concurrency: int = 1
    calls: int | None = None
    duration_s: float | None = None
    stagger_s: float = 1.0
    seed: int = 0
    told: Callable[[dict[str, Any]], None] = say
    reports: list[CallReport] = field(default_factory=list)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _placed: int = 0

    def stop(self) -> None:
        """Place no more calls; those in progress go on to their end."""
        self._stopping.set()

    async def run(self) -> dict[str, Any]:
        """Call until done; returns the summary."""
        for dialogue in self.dialogues:
            for voice in VOICES:
                await self.caller.rehearse(dialogue, voice)
        self._deadline = None if self.duration_s is None else self.clock.monotonic() + self.duration_s
        await asyncio.gather(*(self._one_after_another(slot) for slot in range(self.concurrency)))
        return summary(self.reports)

    async def _one_after_another(self, slot: int) -> None:
        await self._wait(slot * self.stagger_s)
        while self._goes_on():
            number = self._placed
            self._placed += 1
            draw = random.Random(f"{self.seed}:{number}")  # noqa: S311 — repeatable
            report = await self.caller.place(draw.choice(list(self.dialogues)), seed=draw.randrange(2**31))
            self.reports.append(report)
            self.told(report.summary())
            if not report.turns:
                await self._wait(REDIAL_S)

    def _goes_on(self) -> bool:
        used_up = self.calls is not None and self._placed >= self.calls
        late = self._deadline is not None and self.clock.monotonic() >= self._deadline
        return not (used_up or late or self._stopping.is_set())

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


def summary(reports: Sequence[CallReport]) -> dict[str, Any]:
    """Counts by end, and percentiles of the turn latency (None where no turn was answered)."""
    latencies = sorted(latency for report in reports for latency in report.latencies_ms)
    ends = Counter(report.ended.value for report in reports)
    return {
        "summary": True,
        "calls": len(reports),
        "ended": dict(ends),
        "dropped": sum(report.dropped for report in reports),
        "turns": sum(len(report.turns) for report in reports),
        "latencyMs": {f"p{q}": _percentile(latencies, q / 100) for q in (50, 95, 99)},
    }


def _percentile(ordered: Sequence[float], share: float) -> int | None:
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))])
