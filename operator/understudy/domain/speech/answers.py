"""What an agent is owed: exactly one answer `from_finalize` for each `Finalize`, with text where there is some.

Pipecat ends the turn at once on an answer with text and waits on an empty one. Providers end an utterance about when
the agent's own voice detection does, so a final is held for a moment for a `Finalize` that may follow it.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

from understudy.domain.speech.marks import Mark

FINALIZE_WAIT_S = 1.0
"""Longest wait for the answer to a `Finalize` before we give one: past this the caller hears silence."""

UNSENT_WAIT_S = 4.0
"""The same while no transcriber could be asked yet: a replay answers it better than we. Past it the caller has spoken
again."""

HOLD_S = 0.5
"""How long a final is held for a `Finalize` that may follow it. Sent apart, the text would come as a final and the
`Finalize` be answered empty."""


@dataclass(frozen=True, slots=True)
class ToAgent:
    """A message for the agent; `final_text` is set when it is a final transcript with text."""

    message: dict[str, Any]
    final_text: str = ""
    finalized: bool = False
    """Whether it answers a `Finalize`: a boundary between utterances."""
    covers: tuple[int, int] = (0, 0)
    """Of a final: samples of the agent's audio from the first to behind the last."""
    ends_turn: bool = False
    """Whether the provider, or a pause of the caller's, ended a turn here."""


@dataclass(slots=True)
class _Owed:
    mark: int
    position: int
    asked_at: float
    sent_at: float | None = None

    def overdue(self, now: float, covered: int) -> bool:
        if self.sent_at is not None:
            return now - self.sent_at >= FINALIZE_WAIT_S
        return self.position <= covered or now - self.asked_at >= UNSENT_WAIT_S


class Answers:
    """The `Finalize`s of one agent, and the final that is held for the next."""

    def __init__(self) -> None:
        self._owed: deque[_Owed] = deque()
        self._held: ToAgent | None = None
        self._held_at = 0.0

    @property
    def owed(self) -> int:
        """`Finalize`s not yet answered."""
        return len(self._owed)

    @property
    def holding(self) -> bool:
        """Whether a final is held."""
        return self._held is not None

    def asked(self, mark: Mark, now: float) -> None:
        """The agent sent `Finalize`, which is answered with `mark`."""
        self._owed.append(_Owed(mark.number, mark.position, now))

    def sent(self, mark: int, now: float) -> None:
        """A transcriber was asked at mark number `mark`."""
        for owed in self._owed:
            if owed.mark == mark:
                owed.sent_at = now

    def disconnected(self) -> None:
        """Nobody is asked any more."""
        for owed in self._owed:
            owed.sent_at = None

    def hold(self, final: ToAgent, now: float) -> list[ToAgent]:
        """Keep `final` for a `Finalize`; what the agent is told of one that was held before."""
        told = self.let_go()
        self._held, self._held_at = final, now
        return told

    def answer(self, up_to: int, final: ToAgent) -> list[ToAgent]:
        """`final` answers the `Finalize`s up to mark number `up_to`: the first gets the text; none: nothing is said."""
        told: list[ToAgent] = []
        while self._owed and self._owed[0].mark <= up_to:
            self._owed.popleft()
            told += self._one(final)
            final = ToAgent(_emptied(final.message))
        return told

    def owes_up_to(self, mark: int) -> bool:
        """Whether a `Finalize` at or before mark number `mark` is unanswered."""
        return bool(self._owed) and self._owed[0].mark <= mark

    def answer_newest(self, empty: ToAgent) -> list[ToAgent]:
        """Nothing is left to wait for: answer all `Finalize`s, with what is held."""
        return self.answer(self._owed[-1].mark, empty) if self._owed else []

    def overdue(self, now: float, covered: int, empty: ToAgent) -> list[ToAgent]:
        """Answers to the `Finalize`s that waited too long, and a held final that none came for.

        `covered`: position up to which finals cover the audio; a connection that is new has nothing to say of that.
        """
        told: list[ToAgent] = []
        while self._owed and self._owed[0].overdue(now, covered):
            told += self.answer(self._owed[0].mark, empty)
        if self._held and not self._owed and now - self._held_at >= HOLD_S:
            told += self.let_go()
        return told

    def release(self) -> list[ToAgent]:
        """Let go of a held final; nothing while a `Finalize` is owed, whose answer may carry it."""
        return [] if self._owed else self.let_go()

    def _one(self, final: ToAgent) -> list[ToAgent]:
        if final.final_text:
            return [*self.let_go(), _finalized(final)]
        held, self._held = self._held, None
        return [_finalized(held or final)]

    def let_go(self) -> list[ToAgent]:
        """A held final, whatever is owed: another one follows it."""
        held, self._held = self._held, None
        return [held] if held else []


def _finalized(final: ToAgent) -> ToAgent:
    message = {**final.message, "is_final": True, "from_finalize": True}
    return ToAgent(message, final.final_text, finalized=True, covers=final.covers, ends_turn=final.ends_turn)


def _emptied(message: dict[str, Any]) -> dict[str, Any]:
    """The same message with no words, of no length."""
    end = round(message["start"] + message["duration"], 3)
    nothing = {"alternatives": [{"transcript": "", "confidence": 0.0, "words": []}]}
    return {**message, "start": end, "duration": 0.0, "channel": nothing}
