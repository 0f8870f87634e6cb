"""Answers that are not streamed, of either protocol: complete at their end, or nothing."""

from collections.abc import Callable
from typing import Any

from understudy.domain.routing.completion import Completion, EmptyAnswer, Malformed

MAX_WHOLE_BYTES = 8 << 20
"""Bytes of an answer that is not streamed: far more than any model says."""


class WholeReader:
    """Reads one.

    Args:
        take_in: takes the body into the completion; raises `Malformed` when it is no answer.
    """

    def __init__(self, take_in: Callable[[Completion, bytes], object] = Completion.whole) -> None:
        self.completion = Completion()
        self.speakable = self.complete = self.ended = self.calls_passed = False
        self.error: ValueError | None = None
        self._take_in = take_in
        self._body = bytearray()

    @property
    def useful(self) -> bool:
        """Whether anything came that an agent can act on."""
        return self.completion.useful or self.completion.tool_calls > 0

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
            self._take_in(self.completion, bytes(self._body))
        except Malformed as error:
            self.error = error
            return
        self.speakable = self.complete = self.ended = self.useful
        if not self.complete:
            self.error = EmptyAnswer("the answer is empty")

    def take(self, frame: dict[str, Any] | None = None) -> tuple[bytes, str]:  # noqa: ARG002 - it is one's own
        """The body as it came, and its text."""
        body, self._body = bytes(self._body), bytearray()
        return body, self.completion.text
