"""One answer of a provider, fed by its connection and read by whoever asked."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from understudy.apps.proxy.http.chunked import ChunkedDecoder
from understudy.apps.proxy.http.errors import NotHttp
from understudy.apps.proxy.http.head import CHUNKED, MAX_HEAD, UNTIL_CLOSE, Head, parse

READ_HIGH = 256 * 1024
"""Bytes of an answer held for a reader that is slower than the provider; then the socket is left to fill up, and TCP
holds the provider back. A spoken answer has some tens of kilobytes in all."""

_CONTINUE_LAST = 199
_SWITCHING = 101


class Flow(Protocol):
    """What an answer needs of its connection."""

    def abort(self) -> None:
        """End it at once."""
        ...

    def hold(self) -> None:
        """Read no more for now."""
        ...

    def go_on(self) -> None:
        """Read again."""
        ...


class KeptAnswer:
    """An answer; see `transport.Answer`.

    Attributes:
        begun: done when the head is there.
        heard: whether a byte came.
        complete: whether the body's last byte came.
        keep: whether the connection may be used again then.
    """

    def __init__(self, connection: Flow, loop: asyncio.AbstractEventLoop) -> None:
        self.begun: asyncio.Future[None] = loop.create_future()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.heard = self.complete = self.keep = False
        self._connection: Flow | None = connection
        self._loop = loop
        self._head: bytes = b""
        self._length = 0
        self._decoder: ChunkedDecoder | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._held = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._take_in: Callable[[bytes], bool] | None = None
        """Given what comes as it comes; None: it is kept."""
        self._fault: Exception | None = None
        """What that raised."""
        self._refused = False
        """Whether it takes no more."""
        self._leaving: asyncio.TimerHandle | None = None
        """Ends the connection unless the rest of the body comes first; None while somebody reads it."""

    async def read(self) -> bytes:
        """See `Answer.read`."""
        while not self._pieces:
            if self.complete:
                return b""
            if self._error is not None:
                raise self._error
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if self._held and self._connection is not None:
            self._held = False
            self._connection.go_on()
        return data

    async def each(self, take: Callable[[bytes], bool]) -> bool:
        """See `Answer.each`."""
        if self._pieces and not take(await self.read()):
            return False
        if not self.complete and self._error is None:
            await self._given(take)
            if self._refused:
                return False
        if not self.complete and self._error is not None:
            raise self._error
        return True

    async def _given(self, take: Callable[[bytes], bool]) -> None:
        """Wait while `take` is given what comes."""
        self._take_in, self._refused, self._waiter = take, False, self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._take_in = self._waiter = None
            fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    async def body(self, limit: int) -> bytes:
        """See `Answer.body`."""
        pieces, size = [], 0
        while size < limit and (piece := await self.read()):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)[:limit]

    def leave(self, within_s: float) -> None:
        """See `Answer.leave`."""
        if self._connection is not None and self._leaving is None:
            self._leaving = self._loop.call_later(within_s, self._connection.abort)

    def close(self) -> None:
        """See `Answer.close`."""
        if self._leaving is not None:
            return
        connection, self._connection = self._connection, None
        if connection is not None and not self.complete:
            connection.abort()

    def free(self) -> None:
        """The connection serves others from now on."""
        if self._held and self._connection is not None:
            self._connection.go_on()
        self._held = False
        self._detach()

    def feed(self, data: bytes) -> None:
        """Take in bytes from the connection.

        Raises:
            NotHttp: they are not an answer.
        """
        self.heard = True
        if not self.begun.done():
            rest = self._start(data)
            if rest is None:
                return
            data = rest
        if data or not self._length:
            self._take(data)
        if self._waiter is not None and not self._waiter.done() and (self._pieces or self.complete or self._refused):
            self._waiter.set_result(None)

    def fail(self, error: Exception) -> None:
        """The rest will not come."""
        self._error = error
        self._detach()
        if not self.begun.done():
            self.begun.set_exception(error)
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _detach(self) -> None:
        self._connection = None
        if self._leaving is not None:
            self._leaving.cancel()

    def ended_by_close(self) -> bool:
        """Whether the end of the connection is the end of the body; it is complete then."""
        if not self.begun.done() or self._length != UNTIL_CLOSE:
            return False
        self.complete = True
        self._detach()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        return True

    def _start(self, data: bytes) -> bytes | None:
        """Read the head; what follows it, None while it is not complete."""
        data = self._head + data if self._head else data
        while True:
            end = data.find(b"\r\n\r\n", 0, MAX_HEAD)
            if end < 0:
                if len(data) >= MAX_HEAD:
                    raise NotHttp("a head too long")
                self._head = data
                return None
            head = parse(data[:end])
            data = data[end + 4 :]
            if head.status > _CONTINUE_LAST:
                break
            if head.status == _SWITCHING:
                raise NotHttp("a protocol nobody asked for")
        self._begin(head)
        return data

    def _begin(self, head: Head) -> None:
        self.status, self.headers, self.keep, self._length = head.status, head.headers, head.keep, head.length
        self._head = b""
        if head.length == CHUNKED:
            self._decoder = ChunkedDecoder()
        self.begun.set_result(None)

    def _take(self, data: bytes) -> None:
        if self._decoder is not None:
            data = self._decoder.decode(data)
            self.complete = self._decoder.done
            if self._decoder.excess:
                self.keep = False
        elif self._length >= 0:
            self.keep = self.keep and len(data) <= self._length
            data = data[: self._length]
            self._length -= len(data)
            self.complete = self._length == 0
        if not data or self._leaving is not None:
            return
        if self._take_in is not None:
            self._give(data, self._take_in)
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size > READ_HIGH and not self._held and self._connection is not None:
            self._held = True
            self._connection.hold()

    def _give(self, data: bytes, take: Callable[[bytes], bool]) -> None:
        try:
            more = take(data)
        except Exception as fault:  # noqa: BLE001 - whoever waits is told
            more, self._fault = False, fault
        if not more:
            self._take_in, self._refused = None, True
