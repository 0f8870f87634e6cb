"""What the agent hears of its transcribers, whichever of them is listening: decisions only, no sockets.

Promises kept here: exactly one result `from_finalize` for each `Finalize`; a `Finalize` is answered with text where
there is some, since Pipecat ends the turn at once on a final with text and waits on an empty one; times run on over a
change of connection; audio that is not final is replayed.
"""

from dataclasses import dataclass, replace
from typing import Any

from understudy.domain.speech.codec import AudioFormat, Event, Notice, Result
from understudy.domain.speech.deepgram import empty_final, shifted
from understudy.domain.speech.replay import AudioLog, Item

FINALIZE_WAIT_S = 1.0
"""Longest wait for the answer to a `Finalize` before we give one: past this the caller hears silence."""

HOLD_S = 0.5
"""How long a final is held for a `Finalize` that may follow it. Providers end an utterance about when the agent's own
voice detection does; sent apart, the text would come as a final and the `Finalize` be answered empty."""

MAX_SILENT_FINALIZES = 2
"""Unanswered `Finalize`s in a row after which a connection that says nothing at all counts as dead."""


@dataclass(frozen=True, slots=True)
class ToAgent:
    """A message for the agent; `final_text` is set when it is a final transcript with text."""

    message: dict[str, Any]
    final_text: str = ""
    finalized: bool = False
    """Whether it answers a `Finalize`: a boundary between utterances."""


class Listening:
    """One agent's socket, over any number of connections to transcribers.

    Args:
        audio: what the agent sends.
        agent_turns: whether the agent decides where an utterance ends, and so will send `Finalize`.
    """

    def __init__(self, audio: AudioFormat, *, agent_turns: bool = True) -> None:
        self.log = AudioLog(audio.bytes_per_second)
        self.owed = 0
        """`Finalize`s not yet answered."""
        self.answered_something = False
        """Whether the present connection has sent anything."""
        self.unanswered_in_a_row = 0
        self._held: Result | None = None
        self._agent_turns = agent_turns
        self._base = 0
        self._cursor = 0

    def audio(self, data: bytes) -> None:
        """The agent sent audio."""
        self.log.audio(data)

    def finalize(self) -> None:
        """The agent asked for a final."""
        self._agent_turns = True
        self.owed += 1
        self.log.finalize()

    def connected(self) -> None:
        """A new connection: it is sent everything that is not final, from the start."""
        self._cursor = self.log.oldest()
        self._base = self.log.position(self._cursor)
        self.answered_something = False
        self.unanswered_in_a_row = 0

    def next_to_send(self) -> Item | None:
        """The next audio or `Finalize` for the present connection; None when it has everything."""
        found = self.log.next(self._cursor)
        if found is None:
            return None
        item, self._cursor = found
        return item

    def received(self, event: Event) -> list[ToAgent]:
        """What the agent is told of an event of the present connection."""
        self.answered_something = True
        self.unanswered_in_a_row = 0
        if isinstance(event, Notice):
            return [ToAgent(event.message)]
        if not isinstance(event, Result):
            return []
        # At once, not when it is told: by then another connection may count from elsewhere.
        result = replace(event, message=self._moved(event.message))
        return self._final(result) if result.final else [*self.release(), *self._plain(result)]

    def closing(self) -> list[ToAgent]:
        """The agent sends no more: nothing is held for a `Finalize` from now on."""
        self._agent_turns = False
        return self.release()

    def holding(self) -> bool:
        """Whether a final is held: call `release` after `HOLD_S`, unless something else let it go."""
        return self._held is not None

    def release(self) -> list[ToAgent]:
        """Let go of a held final; nothing while a `Finalize` is owed, whose answer may carry it."""
        return [] if self.owed else self._let_go()

    def finalize_overdue(self) -> list[ToAgent]:
        """`FINALIZE_WAIT_S` went by without an answer: give it ourselves, with the text we hold."""
        if not self.owed:
            return []
        self.unanswered_in_a_row += 1
        return self._answer(None)

    def is_dead(self) -> bool:
        """Whether the present connection takes audio and says nothing."""
        return self.unanswered_in_a_row >= MAX_SILENT_FINALIZES

    def _final(self, result: Result) -> list[ToAgent]:
        self._consume(result)
        if result.from_finalize and self.owed:
            return self._answer(result)
        if result.text and self._agent_turns:
            return self._hold(result)
        return self._plain(result)

    def _consume(self, result: Result) -> None:
        """Audio that `result` covers is final; without times it covers all that was sent."""
        covered = self._base + self.log.bytes_at(result.end) if result.end is not None else self._sent()
        self.log.final_up_to(covered)

    def _sent(self) -> int:
        return self.log.position(self._cursor)

    def _hold(self, result: Result) -> list[ToAgent]:
        """Keep `result` for a `Finalize`; meanwhile the agent may know it as an interim."""
        told = self._let_go()
        self._held = result
        interim = {**result.message, "is_final": False, "speech_final": False, "from_finalize": False}
        return [*told, ToAgent(interim)]

    def _answer(self, result: Result | None) -> list[ToAgent]:
        """Exactly one answer to the oldest `Finalize`: with the newest text there is."""
        self.owed -= 1
        place = self.log.answered()
        if result:
            self.log.final_up_to(place)
        if result and result.text:
            return [*self._let_go(), self._finalized(result.message, result.text)]
        held, self._held = self._held, None
        if held:
            return [self._finalized(held.message, held.text)]
        return [self._finalized(result.message if result else empty_final(self.log.seconds(self.log.heard)), "")]

    def _let_go(self) -> list[ToAgent]:
        held, self._held = self._held, None
        return self._plain(held) if held else []

    def _finalized(self, message: dict[str, Any], text: str) -> ToAgent:
        return ToAgent({**message, "is_final": True, "from_finalize": True}, text, finalized=True)

    def _plain(self, result: Result) -> list[ToAgent]:
        message = {**result.message, "from_finalize": False}
        return [ToAgent(message, result.text if result.final else "")]

    def _moved(self, message: dict[str, Any]) -> dict[str, Any]:
        return shifted(message, self.log.seconds(self._base)) if self._base else message
