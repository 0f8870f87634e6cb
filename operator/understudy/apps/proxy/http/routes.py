"""What our own server serves: two kinds of routes, which are routes to aiohttp as well, for extraordinary clients."""

import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote

from aiohttp import web

from understudy.apps.proxy.http.exchange import Exchange
from understudy.apps.proxy.http.websocket import WebSocket

Serve = Callable[[Exchange], Awaitable[None]]
"""Answers one request. An exception, or no answer, is told as 500 and 503."""

Carry = Callable[[WebSocket, Mapping[str, str]], Awaitable[None]]
"""Uses a WebSocket until its end, given the path's parameters."""


class HotRoute(web.AbstractRouteDef):
    """A POST route that our own server serves; to aiohttp it is a route like any other.

    Args:
        path: exactly, without a query.
        handler: serves it on aiohttp's server.
        serve: serves it on ours.
    """

    def __init__(
        self, path: str, handler: Callable[[web.Request], Awaitable[web.StreamResponse]], serve: Serve
    ) -> None:
        self.path = path
        self.serve = serve
        self._handler = handler

    def register(self, router: web.UrlDispatcher) -> list[web.AbstractRoute]:
        """See `web.AbstractRouteDef`."""
        return [router.add_post(self.path, self._handler)]


class HotSocket(web.AbstractRouteDef):
    """A WebSocket of ours; aiohttp tells everybody else that it is one.

    Args:
        path: with parameters, such as `/v1/{name}/media`.
        admit: given the parameters, an HTTP status with which the handshake is refused; 0: it is not.
        make: makes this end of the connection.
        carry: uses it.

    Attributes:
        beside: what the path begins with, up to its first parameter.
    """

    def __init__(
        self, path: str, admit: Callable[[Mapping[str, str]], int], make: Callable[[], WebSocket], carry: Carry
    ) -> None:
        self.admit = admit
        self.make = make
        self.carry = carry
        self.beside = path.partition("{")[0]
        self._path = path
        self._pattern = re.compile("GET " + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/?]+)", path) + r"(?:\?.*)? HTTP/1\.1")

    def match(self, line: str) -> dict[str, str] | None:
        """The parameters in a request line; None when it asks for something else."""
        found = self._pattern.fullmatch(line)
        return None if found is None else {name: unquote(value) for name, value in found.groupdict().items()}

    def register(self, router: web.UrlDispatcher) -> list[web.AbstractRoute]:
        """See `web.AbstractRouteDef`."""
        return [router.add_get(self._path, _upgrade_required)]


async def _upgrade_required(_: web.Request) -> web.StreamResponse:
    return web.Response(status=426, text="this is a WebSocket\n", headers={"Upgrade": "websocket"})
