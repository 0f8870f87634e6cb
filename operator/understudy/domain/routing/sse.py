"""Server-sent events, incrementally: bytes in, whole events out. Source: WHATWG HTML, "Server-sent events".

Kept to what completions use: `data` fields and comments. Each event keeps its exact bytes, so that it can be passed on
without being written again.
"""

import re
from typing import NamedTuple

MAX_EVENT_BYTES = 1 << 20
"""Longest event: a chunk with a large tool call is some kilobytes; without a bound a broken peer fills our memory."""

_NEWLINE = ord("\n")
_END = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n|\r\n\n")
_LINE = re.compile(rb"\r\n|\n|\r")


class Event(NamedTuple):
    """One event; a tuple, because there are many and it is made in a third of a dataclass's time.

    Attributes:
        raw: its bytes, the blank line included.
        data: its `data` lines joined by newlines; None for a comment or an event without data.
    """

    raw: bytes
    data: bytes | None


class EventTooLong(ValueError):
    """The peer sent `MAX_EVENT_BYTES` without ending an event."""


class SseDecoder:
    """Turns a stream of bytes into events, whatever the boundaries of the reads."""

    def __init__(self) -> None:
        self._rest = b""

    def begin(self, data: bytes) -> bytes:
        """`data` with what was left of the last read before it: to be gone through with `next`."""
        data, self._rest = self._rest + data if self._rest else data, b""
        return data

    def next(self, data: bytes, at: int) -> Event | None:
        """The event that begins at `at`; None when it is not whole, and then it is kept for the next read.

        Raises:
            EventTooLong: as `decode`.
        """
        end = data.find(b"\n\n", at)
        if end >= 0 and data.find(b"\r", at, end) < 0:
            return _event(data[at : end + 2])
        found = _END.search(data, at)
        if found is not None:
            return _event(data[at : found.end()])
        self._rest = data[at:]
        if len(self._rest) > MAX_EVENT_BYTES:
            raise EventTooLong(f"no end of an event within {MAX_EVENT_BYTES} bytes")
        return None

    def decode(self, data: bytes) -> list[Event]:
        """The events that `data` completes.

        Raises:
            EventTooLong: no end of an event within `MAX_EVENT_BYTES`.
        """
        events, at, data = [], 0, self.begin(data)
        while at < len(data) and (event := self.next(data, at)) is not None:
            events.append(event)
            at += len(event.raw)
        return events

    def flush(self) -> bytes:
        """What is left of an event that never ended; empties the decoder."""
        rest, self._rest = self._rest, b""
        return rest


def _event(raw: bytes) -> Event:
    if raw.startswith(b"data: ") and raw.find(b"\n") == len(raw) - 2 and raw[-1] == _NEWLINE:  # as nearly all
        return Event(raw, raw[6:-2])
    lines = [line for line in _LINE.split(raw) if line.startswith(b"data:")]
    if not lines:
        return Event(raw, None)
    return Event(raw, b"\n".join(line[5:].removeprefix(b" ") for line in lines))
