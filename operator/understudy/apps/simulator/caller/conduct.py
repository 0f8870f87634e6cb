"""How a caller behaves on an open line: listens, answers, interrupts, loses patience, says goodbye."""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from understudy.apps.simulator.caller import resemblance
from understudy.apps.simulator.caller.dialogue import Dialogue, Line
from understudy.apps.simulator.caller.line import Line as PhoneLine
from understudy.apps.simulator.caller.report import CallReport, Ended, TurnReport
from understudy.base.clock import Clock

POLL_S = 0.02
"""How often the caller listens up; measured times come from the line and are exact."""

MAX_ANSWER_S = 40.0
"""An answer longer than this is not waited out: the caller goes on."""

Hear = Callable[[bytes], Awaitable[str]]
"""Turns the PCM of an answer (8 kHz) into words."""


@dataclass(frozen=True)
class Temper:
    """How patient a caller is.

    Attributes:
        patience_s: silence after a line that the caller bears.
        max_failures: unanswered lines and repeated answers after which the caller hangs up; an unanswered line is
            said again before.
        quiet_ms: silence after which the assistant is taken to have finished.
        think_ms: least and most time before the caller speaks.
    """

    patience_s: float = 8.0
    max_failures: int = 2
    quiet_ms: int = 600
    think_ms: tuple[int, int] = (200, 600)


class GaveUp(Exception):
    """The caller lost patience; the message says why."""


@dataclass(frozen=True)
class Scene:
    """What a caller has in hand.

    Attributes:
        utterances: frames of every line of the dialogue.
        draw: decides the pauses.
        hear: turns answers into words; None leaves them out.
        wav: where the recording goes.
    """

    dialogue: Dialogue
    utterances: Mapping[str, list[str]]
    temper: Temper
    draw: random.Random
    hear: Hear | None = None
    wav: Path | None = None


class Conduct:
    """One caller on one line.

    Args:
        line: open and running.
        scene: what the caller says and how.
        report: filled while the call goes on.
        clock: the one the line uses.
    """

    def __init__(self, line: PhoneLine, scene: Scene, report: CallReport, clock: Clock) -> None:
        self._line = line
        self._scene = scene
        self._temper = scene.temper
        self._report = report
        self._clock = clock
        self._opened = line.opened
        self._failures = 0
        self._answers: list[resemblance.Envelope] = []

    async def converse(self) -> None:
        """Go through the dialogue.

        Raises:
            GaveUp: the caller lost patience.
            LineCut: the other side hung up.
        """
        await self._greeting()
        lines = self._scene.dialogue.lines
        for line, following in zip(lines, [*lines[1:], None], strict=True):
            while not await self._turn(line, following):
                continue
        self._report.ended = Ended.COMPLETED

    async def _greeting(self) -> None:
        if not await self._answer_begins():
            raise GaveUp("no greeting")
        self._report.greeting_ms = self._since_open(self._line.playback.first_audible) * 1000
        await self._answer_ends()
        self._answers.append(resemblance.envelope(self._line.playback.answer()))
        self._report.greeting_heard = await self._words()

    async def _turn(self, line: Line, following: Line | None) -> bool:
        """Say a line and hear the answer; false when it has to be said again."""
        turn = await self._say(line)
        self._report.turns.append(turn)
        if not await self._answer_begins():
            self._fail("no answer")
            return False
        begun = self._line.playback.first_audible
        turn.answer_from = self._since_open(begun)
        turn.latency_ms = (turn.answer_from - turn.said_until) * 1000
        if following and following.barge_in_after_ms is not None:
            await self._line.pause(following.barge_in_after_ms / 1000)
            return True
        await self._answer_ends()
        await self._judge(turn)
        return True

    async def _say(self, line: Line) -> TurnReport:
        playback = self._line.playback
        if line.barge_in_after_ms is None:
            await self._line.pause(self._scene.draw.uniform(*self._temper.think_ms) / 1000)
        speaking_into = not playback.is_quiet(self._clock.monotonic(), 0)
        clears = len(playback.clears)
        first, last = await self._line.say(self._scene.utterances[line.text])
        playback.listen()
        turn = TurnReport(line.text, self._since_open(first), self._since_open(last), interrupted=speaking_into)
        if len(playback.clears) > clears:
            turn.clear_ms = (playback.clears[clears] - first) * 1000
        return turn

    async def _answer_begins(self) -> bool:
        """Whether something becomes audible before patience runs out."""
        deadline = self._clock.monotonic() + self._temper.patience_s
        while self._line.playback.first_audible is None:
            if self._clock.monotonic() >= deadline:
                return False
            await self._line.pause(POLL_S)
        return True

    async def _answer_ends(self) -> None:
        deadline = self._clock.monotonic() + MAX_ANSWER_S
        while not self._line.playback.is_quiet(self._clock.monotonic(), self._temper.quiet_ms):
            if self._clock.monotonic() >= deadline:
                return
            await self._line.pause(POLL_S)

    async def _judge(self, turn: TurnReport) -> None:
        """Take down the answer, and find out whether it is an old one."""
        playback = self._line.playback
        turn.answer_until = self._since_open(playback.last_audible)
        turn.gaps_ms, playback.gaps_ms = playback.gaps_ms, []
        turn.heard = await self._words()
        shape = resemblance.envelope(playback.answer())
        turn.repeated = any(resemblance.same(shape, before) for before in self._answers)
        self._answers.append(shape)
        if turn.repeated:
            self._fail("the same answer again")

    def _fail(self, why: str) -> None:
        self._failures += 1
        if self._failures >= self._temper.max_failures:
            raise GaveUp(why)

    async def _words(self) -> str | None:
        hear = self._scene.hear
        return await hear(self._line.playback.answer()) if hear else None

    def _since_open(self, at: float | None) -> float:
        return (at or self._opened) - self._opened
