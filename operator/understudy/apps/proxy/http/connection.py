"""One connection to a provider: a request at a time, its answer read as it comes."""

import asyncio
from collections.abc import Callable
from typing import cast

from understudy.apps.proxy.http.answer import KeptAnswer
from understudy.apps.proxy.http.errors import Disconnected, NotHttp


class Connection(asyncio.Protocol):
    """A connection, from the moment it is made.

    Args:
        released: called with the connection when its answer is complete and it can be used again.
    """

    def __init__(self, released: "Callable[[Connection], None]") -> None:
        self.idle_since = 0.0
        self._released = released
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._answer: KeptAnswer | None = None
        self._closed = False

    @property
    def usable(self) -> bool:
        """Whether a request may be sent."""
        return not self._closed and not self._transport.is_closing()

    async def ask(self, request: bytes) -> KeptAnswer:
        """Send a request; its answer once the head is there. Cancelling aborts the connection.

        Raises:
            Disconnected: it ended first.
            NotHttp: what came is no answer.
        """
        if not self.usable:
            raise Disconnected("before the request", answered=False)
        answer = self._answer = KeptAnswer(self, self._loop)
        self._transport.write(request)
        try:
            await answer.begun
        except BaseException:
            self.abort()
            raise
        return answer

    def abort(self) -> None:
        """End the connection at once, whatever it is doing."""
        if not self._closed:
            self._closed = True
            self._transport.abort()

    def hold(self) -> None:
        """Read no more for now."""
        if self.usable:
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        if self.usable:
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not of that class

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        answer = self._answer
        if answer is None:
            self.abort()  # nobody asked: the last answer was longer than it said
            return
        try:
            answer.feed(data)
        except NotHttp as error:
            self.abort()
            self._over(error)
            return
        if answer.complete:
            self._answer = None
            if answer.keep and self.usable:
                answer.free()
                self._released(self)
            else:
                self.abort()

    def eof_received(self) -> None:
        """See `asyncio.Protocol`; the transport closes itself."""

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._closed = True
        if self._answer is not None and not (exc is None and self._answer.ended_by_close()):
            error = Disconnected("before its answer was complete", answered=self._answer.heard)
            error.__cause__ = exc
            self._over(error)
        self._answer = None

    def _over(self, error: Exception) -> None:
        if self._answer is not None:
            self._answer.fail(error)
            self._answer = None
