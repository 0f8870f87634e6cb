"""The limit of the `proxy` benchmark: our server and our client with nothing between them, bytes in and bytes out.

    python -m tests.bench.proxy_bare PORT UPSTREAM_PORT

What `understudy` costs beyond this is what it does: call tokens, prompts and tools, the pool's choice, clauses and
sentences, the ledger, metrics.
"""

import asyncio
import sys

import uvloop
from aiohttp import web

from understudy.apps.proxy.http.client import KeptTransport
from understudy.apps.proxy.http.exchange import Exchange
from understudy.apps.proxy.http.listener import Listener
from understudy.apps.proxy.http.routes import HotRoute

MAX_BODY = 1 << 20


class Bare:
    """Passes requests on."""

    def __init__(self, upstream: int) -> None:
        self._url = f"http://127.0.0.1:{upstream}/v1/chat/completions"
        self._transport = KeptTransport()

    async def serve(self, exchange: Exchange) -> None:
        """One request and its answer."""
        headers = {"Content-Type": "application/json"}
        answer = await self._transport.post(self._url, await exchange.body(), headers, connect_timeout_s=5)
        kind = {"Content-Type": answer.headers["content-type"]}
        if "content-length" in answer.headers:
            await exchange.answer(answer.status, await answer.body(MAX_BODY), kind)
            return
        exchange.begin(kind)
        while not await answer.each(exchange.send):
            await exchange.drained()
        await exchange.end()
        answer.close()


async def extraordinary(_: web.Request) -> web.StreamResponse:
    """The load generator has no such requests."""
    raise web.HTTPBadRequest


async def main(port: int, upstream: int) -> None:
    """Serve until killed."""
    listener = Listener([HotRoute("/v1/chat/completions", extraordinary, Bare(upstream).serve)])
    await listener.start("127.0.0.1", port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
