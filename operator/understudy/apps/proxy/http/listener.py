"""A port with routes behind it."""

import asyncio
from collections.abc import Iterable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from understudy.apps.proxy.http.request import MAX_BODY
from understudy.apps.proxy.http.routes import HotSocket
from understudy.apps.proxy.http.server import Front

BACKLOG = 1024
"""Connections waiting to be accepted: a burst of calls must not meet a refused connection."""

SHUTDOWN_S = 5.0
"""Longest wait for handlers at the end, when every call has ended or is overdue."""


class Listener:
    """Serves `routes`: the hot ones on our own server, all others on aiohttp's, behind one port.

    Attributes:
        port: that was bound.
    """

    def __init__(self, routes: Iterable[web.AbstractRouteDef]) -> None:
        self.port = 0
        routes = list(routes)
        self.app = web.Application(client_max_size=MAX_BODY, middlewares=[_last_on(routes)])
        self.app.add_routes(routes)
        # No access log: a line per request of every call would be most of the log and says nothing about calls.
        self._runner = web.AppRunner(self.app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_S)
        self._routes = routes
        self._front: Front | None = None
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Answer the port; 0 binds any."""
        await self._runner.setup()
        if self._runner.server is None:
            raise RuntimeError("aiohttp made no server")
        self._front = Front(self._routes, self._runner.server)
        self._front.start()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._front.door, host, port, backlog=BACKLOG)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Answer no more, and end what is left."""
        if self._server is not None:
            self._server.close()
        if self._front is not None:
            await self._front.stop()
        await self._runner.cleanup()


def _last_on(routes: Iterable[web.AbstractRouteDef]) -> Middleware:
    """End the connection with an answer of aiohttp's beside a WebSocket of ours.

    Carriers' proxies send a call's handshake over the connection that asked for its TwiML, if that is still open; by
    then it is aiohttp's, which cannot serve the WebSocket.
    """
    beside = tuple(route.beside for route in routes if isinstance(route, HotSocket))

    @web.middleware
    async def last(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPException as refusal:
            if request.path.startswith(beside):
                refusal.force_close()
            raise
        if request.path.startswith(beside):
            response.force_close()
        return response

    return last
