"""What the driver of a turn needs of whatever reads a provider's answer."""

from typing import Any, Protocol

from understudy.domain.routing.completion import Completion


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
