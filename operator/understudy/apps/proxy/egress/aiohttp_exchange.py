"""An agent's request on aiohttp's server."""

import asyncio
from collections.abc import Callable, Mapping

from aiohttp import web

from understudy.apps.proxy.egress.parts import LOOK_S


class AiohttpExchange:
    """`Exchange` on a request of aiohttp's.

    The server could cancel the handlers of lost connections by itself, but only all of them, and the front door's must
    live on to account for their calls; so the connection is looked at.

    Attributes:
        response: what the handler returns; None while nothing was answered.
    """

    def __init__(self, request: web.Request) -> None:
        self.response: web.StreamResponse | None = None
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        self._request = request
        self._unsent = b""
        self._gone: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def body(self) -> bytes:
        """See `Exchange.body`."""
        return await self._request.read()

    def when_gone(self, callback: Callable[[], None] | None) -> None:
        """See `Exchange.when_gone`."""
        self._gone = callback
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if callback is not None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    async def answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """See `Exchange.answer`."""
        self.response = web.Response(status=status, body=body, headers=headers)

    def begin(self, headers: Mapping[str, str]) -> None:
        """See `Exchange.begin`."""
        self.response = web.StreamResponse(headers=headers)

    def send(self, data: bytes, *, last: bool = False) -> bool:  # noqa: ARG002 - `end` says so
        """See `Exchange.send`: it leaves with `drained`."""
        self._unsent += data
        return False

    async def drained(self) -> None:
        """See `Exchange.drained`."""
        response = self._begun()
        if not response.prepared:
            await response.prepare(self._request)
        data, self._unsent = self._unsent, b""
        if data:
            await response.write(data)

    async def write(self, data: bytes) -> None:
        """See `Exchange.write`."""
        self.send(data)
        await self.drained()

    async def end(self) -> None:
        """See `Exchange.end`."""
        await self.drained()
        await self._begun().write_eof()

    def _begun(self) -> web.StreamResponse:
        if self.response is None:
            raise RuntimeError("the answer was not begun")
        return self.response

    def _look(self) -> None:
        if self._gone is None:
            return
        if self._request.transport is None:
            self._gone()
        else:
            self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look)
