"""One request of an agent on our own server."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol

REASONS = {status.value: status.phrase for status in HTTPStatus}
"""Reason phrases: nobody reads them, but proxies in between expect one."""

_LAST_CHUNK = b"0\r\n\r\n"


class Line(Protocol):
    """What an exchange needs of its connection."""

    def send(self, data: bytes) -> None:
        """Send.

        Raises:
            ConnectionError: the agent is gone.
        """
        ...

    @property
    def full(self) -> bool:
        """Whether the agent reads too slowly."""
        ...

    async def drained(self) -> None:
        """Wait while the agent reads too slowly.

        Raises:
            ConnectionError: the agent is gone.
        """
        ...


class ServedExchange:
    """`Exchange` on a connection of ours.

    Attributes:
        answered: whether an answer was begun.
        complete: whether it has ended.
    """

    def __init__(self, line: Line, headers: Mapping[str, str], body: bytes) -> None:
        self.headers = headers
        self.answered = self.complete = False
        self._line = line
        self._body = body
        self._head = b""
        """The head of a streamed answer, until it leaves."""
        self._when_gone: Callable[[], None] | None = None

    async def body(self) -> bytes:
        """See `Exchange.body`."""
        return self._body

    def when_gone(self, callback: Callable[[], None] | None) -> None:
        """See `Exchange.when_gone`."""
        self._when_gone = callback

    def gone(self) -> None:
        """The agent has closed its connection."""
        if self._when_gone is not None:
            self._when_gone()

    async def answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """See `Exchange.answer`."""
        self.answered = self.complete = True
        self._line.send(_head(status, headers, f"Content-Length: {len(body)}") + body)

    def begin(self, headers: Mapping[str, str]) -> None:
        """See `Exchange.begin`."""
        self.answered = True
        self._head = _head(200, headers, "Transfer-Encoding: chunked")

    def send(self, data: bytes, *, last: bool = False) -> bool:
        """See `Exchange.send`."""
        if data:
            head, self._head = self._head, b""
            self.complete = last
            self._line.send(b"%b%x\r\n%b\r\n%b" % (head, len(data), data, _LAST_CHUNK if last else b""))
        return not self._line.full

    async def drained(self) -> None:
        """See `Exchange.drained`."""
        await self._line.drained()

    async def write(self, data: bytes) -> None:
        """See `Exchange.write`."""
        self.send(data)
        await self.drained()

    async def end(self) -> None:
        """See `Exchange.end`."""
        if not self.complete:
            head, self._head = self._head, b""
            self.complete = True
            self._line.send(head + _LAST_CHUNK)


def _head(status: int, headers: Mapping[str, str], framing: str) -> bytes:
    """The bytes of an answer's head.

    Raises:
        ValueError: a header holds a line break.
    """
    fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if fields.count("\n") != len(headers) or fields.count("\r") != len(headers):
        raise ValueError("a header holds a line break")
    return f"HTTP/1.1 {status} {REASONS.get(status, '')}\r\n{fields}{framing}\r\n\r\n".encode("latin-1")
