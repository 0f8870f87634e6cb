"""One turn while it happens: from the caller's last word to the first audible answer."""

from dataclasses import dataclass, replace
from typing import Self

from understudy.domain.calls.observation import Defect, TurnRecord


def _ms(start: float | None, end: float | None) -> float | None:
    """Milliseconds from `start` to `end` seconds; None when either is missing; never negative.

    A negative one would mean that the agent acted before the caller's last frame: it did not wait, so zero.
    """
    if start is None or end is None:
        return None
    return round(max(0.0, end - start) * 1000, 1)


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """Moments of a turn, seconds on a monotonic clock; None until they happen.

    The first of each kind counts: a second model request (after a tool call) belongs to the same answer.
    """

    caller_ended: float | None
    """Last audible frame of the caller before the turn opened; None for the greeting, which answers nobody."""
    opened: float
    model_requested: float | None = None
    clause: float | None = None
    voice_requested: float | None = None
    voice_started: float | None = None
    audible: float | None = None
    caller_went_on: float | None = None
    """The caller spoke again before an answer was audible."""
    rescued: bool = False
    interrupted: bool = False
    """The caller talked over the answer."""
    defects: tuple[Defect, ...] = ()

    def is_heard(self, now: float) -> bool:
        """Whether the caller has begun to hear an answer of his; the greeting is none."""
        return self.audible is not None and self.audible <= now and self.caller_ended is not None

    @property
    def asked(self) -> bool:
        """Whether the agent has begun to answer: before that, what is heard is still the previous answer."""
        return self.model_requested is not None or self.voice_requested is not None

    def begun(self, now: float) -> float:
        """When the caller began to wait for what is asked for at `now`: for a greeting, nobody has."""
        return now if self.audible is not None or self.caller_ended is None else self.caller_ended

    def requested(self, now: float, *, rescued: bool) -> Self:
        """The model was asked."""
        if self.model_requested is not None and rescued <= self.rescued:
            return self
        first = now if self.model_requested is None else self.model_requested
        return replace(self, model_requested=first, rescued=self.rescued or rescued)

    def with_clause(self, now: float) -> Self:
        """The first speakable clause came."""
        return self if self.clause is not None else replace(self, clause=now)

    def to_voice(self, now: float) -> Self:
        """Text went to the voice."""
        return self if self.voice_requested is not None else replace(self, voice_requested=now)

    def from_voice(self, now: float) -> Self:
        """The voice's first audio came."""
        return self if self.voice_started is not None else replace(self, voice_started=now)

    def heard(self, at: float) -> Self:
        """The answer became audible to the caller at `at`."""
        return self if self.audible is not None else replace(self, audible=at)

    def cleared(self, now: float) -> Self:
        """The carrier discards what it has not played: an answer that was still to come was not heard."""
        return replace(self, audible=None) if self.audible is not None and self.audible > now else self

    def caller_spoke(self, now: float) -> Self:
        """An audible frame of the caller arrived while the turn is open."""
        if self.audible is not None or self.caller_went_on is not None:
            return self
        return replace(self, caller_went_on=now)

    def found(self, defects: tuple[Defect, ...]) -> Self:
        """Add what is wrong with the answer, each once."""
        if set(defects) <= set(self.defects):
            return self
        return replace(self, defects=tuple(dict.fromkeys((*self.defects, *defects))))

    def kept_waiting(self, until: float, budget_s: float) -> bool:
        """Whether the caller got no answer for longer than the budget before going on or, at `until`, leaving.

        One who goes on sooner was not waiting: he paused in mid-sentence or said goodbye. Such a turn is no evidence.
        """
        if self.audible is not None or self.caller_ended is None:
            return False
        gave_up = until if self.caller_went_on is None else min(until, self.caller_went_on)
        return gave_up - self.caller_ended > budget_s

    def record(self) -> TurnRecord:
        """The turn as evidence."""
        return TurnRecord(
            total_ms=_ms(self.caller_ended, self.audible),
            transcriber_ms=_ms(self.caller_ended, self.model_requested),
            model_ms=_ms(self.model_requested, self.clause),
            voice_ms=_ms(self.voice_requested, self.voice_started),
            rescued=self.rescued,
            defects=self.defects,
            answered=self.audible is not None,
        )
