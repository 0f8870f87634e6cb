"""The port to agents: one request and the answer to it, whichever server took it."""

from collections.abc import Callable, Mapping
from typing import Protocol


class Exchange(Protocol):
    """One request of an agent."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's, to be asked for by lower-case name."""
        ...

    async def body(self) -> bytes:
        """The request's body, whole."""
        ...

    def when_gone(self, callback: Callable[[], None] | None) -> None:
        """Call `callback` as soon as the agent closes its connection; None: no more."""
        ...

    async def answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """A whole answer; `headers` name its content type.

        Raises:
            ConnectionError: the agent is gone.
        """
        ...

    def begin(self, headers: Mapping[str, str]) -> None:
        """Begin an answer of status 200 that is streamed; its head leaves with the first piece."""
        ...

    def send(self, data: bytes, *, last: bool = False) -> bool:
        """Send a piece; False: `drained` has to be awaited before the next. `last`: only `end` follows.

        Raises:
            ConnectionError: the agent is gone.
        """
        ...

    async def drained(self) -> None:
        """Wait while the agent reads too slowly.

        Raises:
            ConnectionError: the agent is gone.
        """
        ...

    async def write(self, data: bytes) -> None:
        """Send a piece, and wait while the agent reads too slowly.

        Raises:
            ConnectionError: the agent is gone.
        """
        ...

    async def end(self) -> None:
        """The streamed answer is complete.

        Raises:
            ConnectionError: the agent is gone.
        """
        ...
