"""What one connection is sent, and what of the caller's audio its transcripts cover."""

from collections import deque
from dataclasses import dataclass, replace

from understudy.domain.speech.codec import Ack, Flushed, Result, Traits
from understudy.domain.speech.connection_time import ConnectionTime
from understudy.domain.speech.failure_watch import FailureWatch, Habits
from understudy.domain.speech.marks import Mark

TOLERANCE_S = 0.1
"""Seconds by which a provider's times may miss a place that it was asked to finalise: they round, to 0.1 s at most."""

SKIPPED_S = 2.0
"""Seconds after which a `finalize` without speech before it counts as skipped once a later one is answered: Deepgram
answers none where there is nothing to transcribe."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Audio to be sent: whole samples of the agent's format."""

    audio: bytes
    samples: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcript, and what it covers of the agent's audio: samples from `start` to `end`.

    Attributes:
        answers: the mark that it answers, if any.
        known: position up to which it surely says what was said: the end of its last word, or, where words have no
            times, what had been sent when its text grew last.
        joined: made of several of the provider's, so that its message cannot be passed on.
    """

    result: Result
    start: int
    end: int
    known: int
    answers: Mark | None = None
    joined: bool = False


@dataclass(frozen=True, slots=True)
class _Request:
    mark: Mark
    at: float
    speech: bool

    def skipped(self, now: float) -> bool:
        return not self.speech and now - self.at >= SKIPPED_S


class Feed:
    """One connection.

    Args:
        traits: its provider's.
        start: position of the first sample that it is sent.
        rate: samples a second of the agent.
        now: seconds on a steady clock.
        habits: what is known of the provider's timing.

    Attributes:
        seen: number of the last mark that was passed.
        said_text: whether it gave a final with words.
        spoke: whether it said anything.
        counted: whether that was counted.
    """

    def __init__(self, traits: Traits, start: int, rate: int, now: float, habits: Habits | None = None) -> None:
        self.traits = traits
        self.start = start
        self.time = ConnectionTime(start, rate)
        self.watch = FailureWatch(traits, now, habits)
        self.seen = 0
        self.said_text = self.spoke = self.counted = False
        self._tolerance = round(TOLERANCE_S * rate)
        self._asked: deque[_Request] = deque()
        self._parts: list[Result] = []
        self._text, self._grown = "", start

    @property
    def cursor(self) -> int:
        """Position behind what was sent."""
        return self.time.position_now

    @property
    def asked_up_to(self) -> int:
        """Position of the newest unanswered `finalize`; 0: there is none."""
        return self._asked[-1].mark.position if self._asked else 0

    def ask(self, mark: Mark, now: float, *, speech: bool) -> None:
        """A `finalize` is sent; `speech`: there is some that no final covers."""
        self._asked.append(_Request(mark, now, speech))
        self.watch.asked(mark.number, now, speech=speech)

    def take(self, event: Result | Flushed, covered: int, now: float) -> Heard:
        """What a transcript of the connection covers; `covered`: up to where finals cover already."""
        self.spoke = True
        result = event if isinstance(event, Result) else Result("", final=True, from_finalize=True)
        if result.final and result.text:
            self.said_text = True
        mark = self._answered(result, now) if result.final and result.from_finalize else None
        if mark is None and not result.text and result.end is None and result.from_finalize:
            return Heard(replace(result, from_finalize=False), covered, covered, covered)
        if self.traits.ack is Ack.WORD:
            return self._by_times(result, covered, mark)
        return self._by_marks(result, covered, mark)

    def _answered(self, result: Result, now: float) -> Mark | None:
        """The mark that is answered: the oldest, but for those that will never be."""
        reached = self.time.position(result.end) + self._tolerance if result.end is not None else 0
        while len(self._asked) > 1 and self._asked[0].skipped(now) and self._asked[1].mark.position <= reached:
            self._asked.popleft()
        if not self._asked:
            return None
        mark = self._asked.popleft().mark
        self.watch.answered(mark.number, now)
        return mark

    def _by_times(self, result: Result, covered: int, mark: Mark | None) -> Heard:
        end = None if result.end is None else self.time.position(result.end)
        start = covered if result.start is None else max(covered, self.time.position(result.start))
        if mark:
            end = mark.position if end is None else max(end, mark.position)
        end = self.cursor if end is None else end
        return Heard(result, min(start, end), end, self._known(result, covered), mark)

    def _by_marks(self, result: Result, covered: int, mark: Mark | None) -> Heard:
        """A final that answers nothing waits for the next that does: what it covers is not known before."""
        whole = joined([*self._parts, result])
        if not result.final:
            return Heard(whole, covered, self.cursor, self._known(whole, covered), joined=bool(self._parts))
        if mark is None:
            self._parts.append(result)
            known = self._known(whole, covered)
            return Heard(replace(whole, final=False), covered, self.cursor, known, joined=True)
        was_joined, self._parts = bool(self._parts), []
        return Heard(whole, covered, mark.position, self._known(whole, covered), mark, was_joined)

    def _known(self, result: Result, covered: int) -> int:
        if result.text != self._text:
            self._text, self._grown = result.text, self.cursor
        grown = self._grown if result.text else covered
        if result.final:
            self._text = ""
        return max(covered, self.time.position(result.words[-1].end)) if result.words else max(covered, grown)


def joined(parts: list[Result]) -> Result:
    """Transcripts that follow each other as one; what kind it is, and whether it ends a turn, the last one says."""
    last = parts[-1]
    if len(parts) == 1:
        return last
    told = [part for part in parts if part.text]
    sure = [part.confidence for part in told if part.confidence is not None]
    return replace(
        last,
        text=" ".join(part.text for part in told),
        words=tuple(word for part in told for word in part.words),
        confidence=min(sure) if sure else None,
        start=told[0].start if told else last.start,
        ends_turn=any(part.ends_turn for part in parts),
        message={},
    )
