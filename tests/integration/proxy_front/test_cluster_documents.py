import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Self

import orjson
import pytest
from aiohttp import web
from kubernetes_asyncio import client as kube

from tests.integration.proxy_front.caller import settled
from understudy.adapters.cluster import documents
from understudy.adapters.cluster.documents import ClusterDocuments

NAME = "front-desk"


class ApiServer:
    """One ConfigMap and its watch, as a kube-apiserver serves them."""

    def __init__(self) -> None:
        self.generation = 1
        self.watches: asyncio.Queue[web.StreamResponse] = asyncio.Queue()
        self.queries: list[dict[str, str]] = []
        self.broken = False
        self.refused = 0
        self.revision_status = [200]
        self.address = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/api/v1/namespaces/demo/configmaps", self._config_maps),
                web.get("/apis/apps/v1/namespaces/demo/controllerrevisions/{name}", self._revision),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        if self._runner:
            await self._runner.cleanup()

    def config_map(self) -> dict[str, Any]:
        """The object as it is now."""
        return {"metadata": {"name": f"{NAME}-routing"}, "data": {"routing.json": f"document {self.generation}"}}

    async def event(self, kind: str, thing: dict[str, Any] | None = None) -> None:
        """Send an event to the watch that was opened last."""
        watch = await asyncio.wait_for(self.watches.get(), 5)
        line = orjson.dumps({"type": kind, "object": thing or self.config_map()}) + b"\n"
        await watch.write(line[:20])
        await watch.write(line[20:])
        self.watches.put_nowait(watch)

    async def _config_maps(self, request: web.Request) -> web.StreamResponse:
        if self.broken:
            self.refused += 1
            raise web.HTTPInternalServerError
        self.queries.append(dict(request.query))
        if "watch" not in request.query:
            return web.json_response({"metadata": {"resourceVersion": "7"}, "items": [self.config_map()]})
        watch = web.StreamResponse()
        await watch.prepare(request)
        while not self.watches.empty():
            self.watches.get_nowait()
        self.watches.put_nowait(watch)
        assert request.transport is not None
        while not request.transport.is_closing():  # noqa: ASYNC110 - a fake server's end of a connection
            await asyncio.sleep(0.01)
        return watch

    async def _revision(self, request: web.Request) -> web.Response:
        status = self.revision_status.pop(0)
        return web.json_response({"data": {"name": request.match_info["name"]}}, status=status)


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with ApiServer() as server:
        yield server


@pytest.fixture
async def cluster(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ClusterDocuments]:
    monkeypatch.setattr(documents, "BACKOFF_FIRST_S", 0.01)
    cluster = ClusterDocuments(kube.ApiClient(kube.Configuration(host=server.address)))
    yield cluster
    await cluster.close()


async def test_the_document_is_read_and_then_followed_by_name(cluster: ClusterDocuments, server: ApiServer) -> None:
    """By name, since the proxy's Role allows this ConfigMap and no other; a deletion is no news."""
    async with aclosing(cluster.routing("demo", NAME)) as texts:
        assert await anext(texts) == "document 1"
        following = asyncio.ensure_future(anext(texts))
        await server.event("DELETED")
        server.generation = 2
        await server.event("MODIFIED")
        assert await asyncio.wait_for(following, 5) == "document 2"
    assert {query["fieldSelector"] for query in server.queries} == {f"metadata.name={NAME}-routing"}
    assert server.queries[-1]["resourceVersion"] == "7"


async def test_an_api_server_that_fails_is_asked_again(cluster: ClusterDocuments, server: ApiServer) -> None:
    """Fail static: the reader simply hears nothing meanwhile."""
    async with aclosing(cluster.routing("demo", NAME)) as texts:
        assert await anext(texts) == "document 1"
        following = asyncio.ensure_future(anext(texts))
        await settled(server.watches.qsize)
        server.broken = True
        await server.event("ERROR", {"code": 410})
        await settled(lambda: server.refused > 1)
        assert not following.done()
        server.broken, server.generation = False, 2
        assert await asyncio.wait_for(following, 5) == "document 2"


async def test_a_revision_is_content_alone_and_a_missing_right_is_told_from_a_sick_server(
    cluster: ClusterDocuments, server: ApiServer
) -> None:
    server.revision_status = [200, 403, 404, 500]
    assert orjson.loads(await cluster.snapshot("demo", "front-desk-1")) == {"name": "front-desk-1"}
    for expected in (LookupError, LookupError, ConnectionError):
        with pytest.raises(expected):
            await cluster.snapshot("demo", "front-desk-1")


async def test_an_unreachable_server_is_a_connection_error(server: ApiServer) -> None:
    gone = ClusterDocuments(kube.ApiClient(kube.Configuration(host="http://127.0.0.1:1")))
    with pytest.raises(ConnectionError):
        await gone.snapshot("demo", "x")
    await gone.close()
    assert server.queries == []
