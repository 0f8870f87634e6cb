"""What the driver of a turn needs of whatever reads a provider's answer."""

from typing import Any, Protocol

from understudy.domain.routing.completion import Completion, EmptyAnswer, Malformed

MAX_WHOLE_BYTES = 8 << 20
"""Bytes of an answer that is not streamed: far more than any model says."""


class Reader(Protocol):
    """Bytes in, what may be passed on out. See `domain.routing.reading.Reading` for the attributes."""

    completion: Completion
    speakable: bool
    complete: bool
    ended: bool
    error: ValueError | None
    calls_passed: bool

    @property
    def useful(self) -> bool:
        """Whether anything came that an agent can act on."""
        ...

    def feed(self, data: bytes) -> None:
        """Take in bytes."""
        ...

    def finish(self) -> None:
        """There are no more."""
        ...

    def take(self, frame: dict[str, Any] | None = None) -> tuple[bytes, str]:
        """What may be passed on, and the text in it."""
        ...


class WholeReader:
    """Reads an answer that is not streamed: it is complete at its end, or nothing."""

    def __init__(self) -> None:
        self.completion = Completion()
        self.speakable = self.complete = self.ended = self.calls_passed = False
        self.error: ValueError | None = None
        self._body = bytearray()

    @property
    def useful(self) -> bool:
        """Whether anything came that an agent can act on."""
        return self.completion.useful

    def feed(self, data: bytes) -> None:
        """Take in bytes."""
        self._body += data
        if len(self._body) > MAX_WHOLE_BYTES:
            self.error = Malformed(f"more than {MAX_WHOLE_BYTES} bytes")

    def finish(self) -> None:
        """There are no more."""
        if self.error is not None:
            return
        try:
            self.completion.whole(bytes(self._body))
        except Malformed as error:
            self.error = error
            return
        self.speakable = self.complete = self.ended = self.completion.useful
        if not self.complete:
            self.error = EmptyAnswer("the answer is empty")

    def take(self, frame: dict[str, Any] | None = None) -> tuple[bytes, str]:  # noqa: ARG002 - it is one's own
        """The body as it came, and its text."""
        body, self._body = bytes(self._body), bytearray()
        return body, self.completion.text
