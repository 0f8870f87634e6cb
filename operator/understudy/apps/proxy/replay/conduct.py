"""How the caller of a golden call behaves: listens, speaks when the assistant has finished, judges the answers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.replay.line import Line
from understudy.base.clock import Clock
from understudy.base.duration import parse_ms
from understudy.domain.calls.expecting import Heard, pattern_unmet, unmet
from understudy.domain.calls.golden import Expectation, GoldenCall
from understudy.domain.calls.golden_account import GoldenAccount
from understudy.domain.calls.loudness import RATE
from understudy.domain.calls.observation import CallEnd

QUIET_S = 1.0
"""Silence after which the assistant is taken to have finished, once its model has: longer than any gap that a voice
taking over leaves, shorter than what people bear."""

PATIENCE_S = 15.0
"""Silence that the caller bears: twice the longest search for an agent pod, and longer than a call without any model is
kept open, so that the cause is told rather than the silence."""

WITHIN_MARGIN_S = 1.0
"""Added to an expected time, so that an answer that is late is told as late."""

LONGEST_ANSWER_S = 60.0
"""A minute of talk without a pause is no answer on a telephone."""

HANG_UP_S = 5.0
"""Longest wait for the session to notice that the caller has hung up."""

Matches = Callable[[str, str], Awaitable[bool]]
Over = asyncio.Future[tuple[CallEnd, str]]


class GoldenCallBroke(Exception):
    """The call cannot go on; the message says why."""


class Cue(NamedTuple):
    """One turn of the script.

    Attributes:
        place: its name in sentences.
        audio: what the caller says, 8 kHz μ-law; empty for the greeting.
        expected: of the answer.
        left: turns that follow.
    """

    place: str
    audio: bytes
    expected: Expectation
    left: int


class Conduct:
    """One caller.

    Args:
        line: open and running.
        call: the golden call on it.
        account: the call's.
        over: the session's end.
        clock: the line's.
        matches: whether a pattern is found in a text (`matching.matches`).

    Attributes:
        failures: what was not met so far, one sentence each.
    """

    def __init__(
        self, *, line: Line, call: Call, account: GoldenAccount, over: Over, clock: Clock, matches: Matches
    ) -> None:
        self.failures: list[str] = []
        self._line, self._ledger, self._account, self._over = line, call.ledger, account, over
        self._now, self._matches = clock.monotonic, matches
        self._opened = self._now()

    async def converse(self, golden: GoldenCall, words: Sequence[bytes]) -> None:
        """Go through the script and hang up; `words` are the turns' audio. What the assistant does raises nothing."""
        turns = [
            Cue(f"turn {number}", audio, turn.expect, len(golden.turns) - number)
            for number, (turn, audio) in enumerate(zip(golden.turns, words, strict=True), 1)
        ]
        try:
            for cue in (Cue("greeting", b"", golden.greeting, len(turns)), *turns):
                await self._play(cue)
        except GoldenCallBroke as reason:
            self.failures.append(str(reason))
        self._line.hang_up()
        await asyncio.wait([self._over], timeout=HANG_UP_S)

    async def _play(self, cue: Cue) -> None:
        """Speak, hear the answer out, and judge it.

        Raises:
            GoldenCallBroke: there is none, or it does not end, or the call is over before the script is.
        """
        answers, turn = len(self._account.answers) if cue.audio else 0, self._ledger.turn_opened
        if cue.audio:
            await self._say(cue.audio)
        patience = self._patience(cue.expected)
        settled = await self._line.ticked.until(lambda: self._settled(patience), patience + LONGEST_ANSWER_S)
        if not self._over.done():
            self._must_have_answered(cue.place, patience, settled=settled)
        if self._line.ear.heard_from is not None or len(self._account.answers) > answers:
            await self._judge(cue, self._heard(answers, self._took_ms(cue, turn)))
        self._must_go_on(cue, patience)

    async def _say(self, audio: bytes) -> None:
        self._line.ear.listen()
        self._line.say(audio)
        await self._line.ticked.until(
            lambda: not self._line.speaking or self._over.done(), len(audio) / RATE + PATIENCE_S
        )

    def _patience(self, expected: Expectation) -> float:
        within_s = parse_ms(expected.within) / 1000 + WITHIN_MARGIN_S if expected.within else 0.0
        return max(PATIENCE_S, within_s)

    def _settled(self, patience: float) -> bool:
        """Whether there is nothing left to wait for: the answer has ended, none comes, or the call is over."""
        if self._over.done() or self._silent_s() >= patience:
            return True
        ear = self._line.ear
        return ear.heard_from is not None and ear.quiet_s(self._now()) >= QUIET_S and not self._account.unfinished

    def _silent_s(self) -> float:
        """Seconds since either side was heard."""
        return min(self._line.ear.quiet_s(self._now()), self._now() - self._line.said_at)

    def _must_have_answered(self, place: str, patience: float, *, settled: bool) -> None:
        if not settled:
            raise GoldenCallBroke(f"{place}: the assistant was still talking after {LONGEST_ANSWER_S:.0f} s")
        if self._line.ear.heard_from is None:
            raise GoldenCallBroke(f"{place}: no answer was heard, {patience:.0f} s long")

    def _heard(self, answers: int, took_ms: float | None) -> Heard:
        """What came since there were so many `answers`."""
        said = self._account.answers[answers:]
        tools = tuple(tool for answer in said for tool in answer.tools)
        return Heard(" ".join(answer.text for answer in said if answer.text), tools, took_ms)

    def _took_ms(self, cue: Cue, turn: float) -> float | None:
        """As live calls are measured; `turn`: the ledger's before the caller spoke."""
        heard_from = self._line.ear.heard_from
        if heard_from is None:
            return None
        if not cue.audio:
            return (heard_from - self._opened) * 1000
        return None if self._ledger.turn_opened == turn else self._ledger.present.total_ms

    async def _judge(self, cue: Cue, heard: Heard) -> None:
        found = [*unmet(cue.expected, heard)]
        if cue.expected.matches is not None:
            try:
                if not await self._matches(cue.expected.matches, heard.text):
                    found.append(pattern_unmet(cue.expected.matches, heard))
            except (TimeoutError, OSError):
                found.append(f"whether the answer matches {cue.expected.matches!r} could not be found out in time")
        self.failures += [f"{cue.place}: {sentence}" for sentence in found]

    def _must_go_on(self, cue: Cue, patience: float) -> None:
        """The rest of the script needs a call that goes on."""
        if self._over.done():
            end, cause = self._over.result()
            if end is CallEnd.ASSISTANT_ENDED and not cue.left:
                return
            raise GoldenCallBroke(f"{cue.place}: {_ending(end, cause)}; {_turns(cue.left)} left")
        if self._account.unfinished:
            raise GoldenCallBroke(f"{cue.place}: the assistant fell silent for {patience:.0f} s with more to come")


def _ending(end: CallEnd, cause: str) -> str:
    if end is CallEnd.DROPPED:
        return f"the call was dropped ({cause})"
    if end is CallEnd.ASSISTANT_ENDED:
        return "the assistant ended the call"
    return "the call had reached its longest duration"


def _turns(count: int) -> str:
    return {0: "no turn was", 1: "1 turn was"}.get(count, f"{count} turns were")
