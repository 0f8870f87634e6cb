"""The port to providers: one kind of request, answers read as they come."""

from collections.abc import Callable, Mapping
from typing import Protocol


class Answer(Protocol):
    """A provider's answer, from the moment its headers are there."""

    @property
    def status(self) -> int:
        """HTTP status; redirects are not followed, since they would carry the key along."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """By lower-case name; of a repeated one the last."""
        ...

    async def read(self) -> bytes:
        """What has come since the last read, at least one byte; b"" at the end of the body.

        Raises:
            Disconnected: the connection ended before the body did.
            NotHttp: the body's framing is broken.
        """
        ...

    async def each(self, take: Callable[[bytes], bool]) -> bool:
        """Give `take` what comes, in the very callback that brings it, until it says False; whether the body ended.

        A task that is woken for every piece would cost more than most of what is done with it. What comes after a False
        is kept, as for `read`.

        Raises:
            Disconnected, NotHttp: as `read`.
            Exception: what `take` raised.
        """
        ...

    async def body(self, limit: int) -> bytes:
        """The rest of the body, `limit` bytes at most; the rest of a longer one is thrown away with the connection.

        Raises:
            Disconnected, NotHttp: as `read`.
        """
        ...

    def leave(self, within_s: float) -> None:
        """Let go of an answer that says no more: its connection is used again if the body ends within that time."""
        ...

    def close(self) -> None:
        """Let go: at its end the connection is used again; before, it is aborted, which tells the provider to stop."""
        ...


class Transport(Protocol):
    """Sends requests over connections that are kept."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, connect_timeout_s: float) -> Answer:
        """POST `body`; the answer once its headers are there. Cancelling the caller aborts the request.

        A kept connection that ends before a byte of the answer came is replaced by a fresh one, once: providers close
        idle connections whenever they like. How long an answer may take is the caller's business.

        Args:
            url: absolute, http or https.
            body: sent with its length.
            headers: besides Host, Content-Length and Accept-Encoding (identity), which are set here.
            connect_timeout_s: longest wait for a connection, TLS included.

        Raises:
            CannotConnect: no connection.
            TimeoutError: no connection in time.
            Disconnected: the connection ended before the headers did.
            NotHttp: what came is not an answer.
        """
        ...

    def warm(self, url: str) -> None:
        """See to it that a connection to the host of `url` is there; returns at once, and failures are not told."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
