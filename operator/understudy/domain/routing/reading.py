"""One provider's stream: what it has said, and what of it may be passed on.

Nothing is passed on before the first speakable clause, so that until then another provider can be asked without a
seam; after it whole sentences are, so that a stream which breaks leaves no sentence begun. Tool calls are passed on
whole: half a call must never be carried out.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from understudy.domain.routing.clauses import LONGEST_UNIT, clause_end, may_end, sentences_end
from understudy.domain.routing.completion import (
    LAST_EVENT,
    Completion,
    EmptyAnswer,
    Malformed,
    NoAnswer,
    Progress,
    encode,
    parse,
    said,
)
from understudy.domain.routing.joint import Joint
from understudy.domain.routing.likeness import Likeness, Row
from understudy.domain.routing.sse import Event, EventTooLong, SseDecoder

MAX_HELD_BYTES = 4 << 20
"""Most that is held back of one stream: the longest answer with its reasoning is some hundred kilobytes."""


LIKENESSES = 8
"""Events of one stream whose likeness is looked for: where each differs, that is not worth its time."""


class Hold(StrEnum):
    """What is waited for before anything is passed on."""

    FIRST_CLAUSE = "FirstClause"
    FIRST_BYTE = "FirstByte"
    """The first useful byte; tool calls are still passed on whole."""
    NOTHING = "Nothing"
    """As `FIRST_BYTE`, tool calls included: answers with several choices cannot be put together by us."""


@dataclass(slots=True)
class _Piece:
    """An event that was not passed on yet, or a row of them."""

    raw: bytes
    chunk: dict[str, Any] | None
    """Parsed; None for the last event, which is none, and for a row."""
    text: str
    """What of its text was not passed on."""
    calls: bool
    changed: bool = False
    """Whether `raw` is not what it says any more."""
    texts: Sequence[str] = ()
    """Of a row, what each of its events says."""


class Reading:
    """Reads one stream.

    Args:
        hold: what is waited for.
        joint: for a stream that goes on with another one's answer: takes off what is repeated.

    Attributes:
        completion: what it says.
        speakable: whether something may be passed on: it can win.
        complete: whether the answer is.
        ended: whether its last event was read.
        error: why the rest cannot be read.
        calls_passed: whether bytes of a tool call were taken.
    """

    def __init__(self, hold: Hold = Hold.FIRST_CLAUSE, joint: Joint | None = None) -> None:
        self.completion = Completion()
        self.speakable = False
        self.complete = False
        self.ended = False
        self.error: ValueError | None = None
        self.calls_passed = False
        self._hold = hold
        self._joint = joint
        self._decoder = SseDecoder()
        self._pieces: deque[_Piece] = deque()
        self._tail = ""
        """Text of the pieces."""
        self._ready = 0
        """How many characters of it may be taken."""
        self._marked = False
        """Whether a sentence may end in the rest of it."""
        self._held_bytes = 0
        self._likeness: Likeness | None = None
        """Of the latest event that says nothing but text."""
        self._looks = LIKENESSES
        """How often likeness is still looked for."""
        self._goes_on = joint is not None and joint.whole
        """Whether a continuation says anything, or need not."""

    @property
    def useful(self) -> bool:
        """Whether anything came that an agent can act on."""
        return self.completion.useful

    def feed(self, data: bytes) -> None:
        """Take in bytes; what is wrong with them is in `error`, and what came before it can still be taken."""
        try:
            self._feed(self._decoder.begin(data))
        except (Malformed, EventTooLong) as error:
            self.error = error
        if self._held_bytes > MAX_HELD_BYTES:
            self.error = EventTooLong(f"more than {MAX_HELD_BYTES} bytes without a clause")

    def _feed(self, data: bytes) -> None:
        at, likeness = 0, self._likeness
        while at < len(data) and not self.ended:
            if likeness is not None and (row := likeness.row(data, at)) is not None:
                at += len(row.raw)
                self._row(row)
            elif (event := self._decoder.next(data, at)) is None:
                break
            else:
                at += len(event.raw)
                if event.data is not None:
                    self._event(event)
                    likeness = self._likeness

    def whole(self, body: bytes) -> None:
        """Take in an answer that was not streamed though it was to be."""
        try:
            self.completion.whole(body)
        except Malformed as error:
            self.error = error
            return
        message = self.completion.message()
        for index, call in enumerate(message.get("tool_calls") or ()):
            call["index"] = index
        reason = self.completion.finish_reason = self.completion.finish_reason or "stop"
        choice = {"index": 0, "delta": message, "finish_reason": reason}
        calls = bool(self.completion.tool_calls)
        self._add(_Piece(b"", {"choices": [choice]}, self.completion.text, calls=calls, changed=True))
        self._advance()

    def finish(self) -> None:
        """The stream has ended. An answer is complete if it said so, if only by its finish reason."""
        if self.error is not None:
            return
        done = self.ended or self.completion.finish_reason is not None
        if done and not self.complete:
            self.error = EmptyAnswer("the answer is empty")
        elif not done:
            self.error = NoAnswer("the stream ended early")
        elif not self.ended:
            self._add(_Piece(LAST_EVENT, None, "", calls=False))
            self.ended = True

    def take(self, frame: dict[str, Any] | None = None) -> tuple[bytes, str]:
        """What may be passed on and was not taken yet, and the text in it.

        Args:
            frame: id, created and model to write into the chunks, where the agent has seen others'; None: its own.
        """
        events: list[bytes] = []
        taken = 0
        while self._pieces and not self._withheld(piece := self._pieces[0]):
            if piece.texts and (frame is not None or 0 < self._ready < len(piece.text)):
                self._part()
            elif len(piece.text) > self._ready:
                if self._ready:
                    taken += self._ready
                    events.append(_written(self._split(piece), frame))
                break
            else:
                self._pieces.popleft()
                self._held_bytes -= len(piece.raw)
                self._ready -= len(piece.text)
                taken += len(piece.text)
                self.calls_passed = self.calls_passed or piece.calls
                events.append(piece.raw if frame is None and not piece.changed else _written(piece, frame))
        text, self._tail = self._tail[:taken], self._tail[taken:]
        return b"".join(events), text

    def _withheld(self, piece: _Piece) -> bool:
        return not self.speakable or (piece.calls and not self.complete and self._hold is not Hold.NOTHING)

    def _split(self, piece: _Piece) -> _Piece:
        """The part of `piece` that may be taken; the rest stays."""
        head = _Piece(b"", piece.chunk, piece.text[: self._ready], piece.calls, changed=True)
        piece.text, piece.changed = piece.text[self._ready :], True
        self._ready = 0
        return head

    def _part(self) -> None:
        """Make the first piece, a row of events, one piece for each of them."""
        row = self._pieces.popleft()
        events = row.raw.split(b"\n\n")[:-1]
        for raw, text in zip(reversed(events), reversed(row.texts), strict=True):
            chunk = parse(raw.removeprefix(b"data: "))
            self._pieces.appendleft(_Piece(raw + b"\n\n", chunk, text, calls=False))

    def _row(self, row: Row) -> None:
        self._add(_Piece(row.raw, None, self.completion.row(row.texts), calls=False, texts=row.texts))
        self._advance()

    def _event(self, event: Event) -> None:
        self.ended = self.completion.event(event.data) is Progress.DONE
        text, changed = self.completion.latest, False
        if self._joint is not None:
            if text:
                text, changed = self._joint.feed(text), True
            if self.ended or self.completion.finish_reason is not None:
                text += self._joint.finish()
            if self.ended and text:
                self._add(_Piece(b"", said({}, text), text, calls=False, changed=True))
                text = ""
        chunk = self.completion.chunk
        self._add(_Piece(event.raw, chunk, text, self.completion.latest_calls, changed=changed))
        self._advance()
        if text and chunk is not None and self._looks and self._joint is None and self.completion.frame:
            self._looks -= 1
            self._likeness = Likeness.of(event.raw, chunk)

    def _add(self, piece: _Piece) -> None:
        self._pieces.append(piece)
        self._goes_on = self._goes_on or bool(piece.text) or piece.calls
        self._held_bytes += len(piece.raw)
        if piece.text:
            self._tail += piece.text
            self._marked = self._marked or may_end(piece.text)

    def _advance(self) -> None:
        """See how much may be taken now."""
        if self.ended or self.completion.finish_reason is not None:
            self.complete = self.useful if self._joint is None else self._goes_on
            self.speakable = self.complete
            self._ready = len(self._tail)
        elif self._hold is not Hold.FIRST_CLAUSE:
            self.speakable = self.speakable or bool(self._tail) or (self._hold is Hold.NOTHING and self.useful)
            self._ready = len(self._tail)
        else:
            self._advance_by_clause()

    def _advance_by_clause(self) -> None:
        if not self.speakable:
            end = clause_end(self._tail) if self._tail else None
            if end is None:
                return
            self.speakable = True
            self._ready = end
        rest = self._tail[self._ready :]
        if not self._marked and len(rest) <= LONGEST_UNIT:
            return
        end = sentences_end(rest)
        if end is not None:
            self._ready += end
            self._marked = may_end(rest[end:])


def _written(piece: _Piece, frame: dict[str, Any] | None) -> bytes:
    """`piece` as an event with its present text and frame; nothing when nothing is left of it."""
    if piece.chunk is None:
        return piece.raw
    chunk = {**piece.chunk, **(frame or {})}
    choices = [_with_text(choice, piece.text, first=frame is None) for choice in chunk["choices"]]
    if choices and not any(choice["delta"] or choice.get("finish_reason") for choice in choices):
        return b""
    return encode({**chunk, "choices": choices})


def _with_text(choice: dict[str, Any], text: str, *, first: bool) -> dict[str, Any]:
    delta = dict(choice.get("delta") or {})
    field = "refusal" if delta.get("refusal") else "content"
    if not first:
        delta.pop("role", None)
    if text:
        delta[field] = text
    elif delta.get(field) is not None and len(delta) > 1:
        delta[field] = delta[field][:0]
    else:
        delta.pop(field, None)
    return {**choice, "delta": delta}
