"""Looking at what a simulated provider lives through, from within the same process: for benchmarks."""

from typing import Protocol


class Watch(Protocol):
    """Is told of each request of a deployment, at the moment that it happens; `index` is the request's."""

    def asked(self, index: int) -> None:
        """A request or an upgrade arrived."""
        ...

    def struck(self, index: int, kind: str) -> None:
        """The fault that the script has for it was carried out."""
        ...

    def heard(self, index: int, sound: bytes, rate: int) -> None:
        """A transcriber took in PCM."""
        ...

    def said(self, index: int, sound: bytes) -> None:
        """A voice sent a chunk of PCM."""
        ...


class Blind:
    """Nobody looks."""

    def asked(self, index: int) -> None:
        """Nothing."""

    def struck(self, index: int, kind: str) -> None:
        """Nothing."""

    def heard(self, index: int, sound: bytes, rate: int) -> None:
        """Nothing."""

    def said(self, index: int, sound: bytes) -> None:
        """Nothing."""
