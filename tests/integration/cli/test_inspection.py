"""The command against an HTTP server that answers as the API server does."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from understudy.adapters.cluster.client import NoCluster
from understudy.adapters.cluster.errors import Unreachable
from understudy.adapters.cluster.inspection import Inspector, Whereabouts
from understudy.apps.cli.gather import CannotTell, gather
from understudy.domain import naming
from understudy.domain.routing.pool.view import PoolsView

ASSISTANT = {"metadata": {"namespace": "shop", "name": "front-desk"}, "status": {"phase": "Stable"}}
POD = {
    "metadata": {"name": "front-desk-proxy-x1"},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}
CRD = "/apis/understudy.dev/v1alpha1/namespaces/shop/voiceassistants"
PODS = "/api/v1/namespaces/shop/pods"


class ApiServer:
    """Serves one assistant and its proxy; `denied`: paths that are forbidden."""

    def __init__(self, folder: Path) -> None:
        self.denied: set[str] = set()
        self.asked: list[tuple[str, dict[str, str], str]] = []
        self.kubeconfig = folder / "kubeconfig"
        self._runner: web.AppRunner

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port = self._runner.addresses[0][1]
        context = {"cluster": "c", "user": "u", "namespace": "shop"}
        self.kubeconfig.write_text(
            yaml.safe_dump({
                "apiVersion": "v1", "kind": "Config", "current-context": "here",
                "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
                "users": [{"name": "u", "user": {"token": "t0ken"}}],
                "contexts": [{"name": "here", "context": context},
                             {"name": "elsewhere", "context": {**context, "namespace": "office"}}],
            })
        )  # fmt: skip

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, dict(request.query), request.headers.get("Authorization", "")))
        if request.path in self.denied:
            message = f'User "eve" cannot get resource "{request.path}"'
            return web.json_response({"kind": "Status", "message": message}, status=403)
        answers: dict[str, Any] = {
            f"{CRD}/front-desk": ASSISTANT,
            CRD: {"items": [ASSISTANT]},
            PODS: {"items": [POD]},
            f"{PODS}/front-desk-proxy-x1:9090/proxy/v1/pools": json.loads(PoolsView(pod="x1").model_dump_json()),
        }
        found = answers.get(request.path)
        return web.json_response(found or {"message": "not found"}, status=200 if found else 404)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ApiServer]:
    found = ApiServer(tmp_path)
    await found.start()
    yield found
    await found.stop()


async def connect(server: ApiServer, **where: str) -> Inspector:
    return await Inspector.connect(Whereabouts(kubeconfig=str(server.kubeconfig), **where))


@pytest.fixture
async def inspector(server: ApiServer) -> AsyncIterator[Inspector]:
    found = await connect(server)
    yield found
    await found.close()


async def test_a_proxy_is_asked_by_way_of_the_api_server(server: ApiServer, inspector: Inspector) -> None:
    (state,) = await gather(inspector, "front-desk")
    assert (state.phase, state.proxies[0].pod) == ("Stable", "front-desk-proxy-x1")
    assert state.proxies[0].pools == PoolsView(pod="x1")
    path, query, token = server.asked[-1]
    assert path == f"{PODS}/front-desk-proxy-x1:{naming.ADMIN_PORT}/proxy/v1/pools"
    assert query == {"assistant": "shop/front-desk"}
    assert token == "Bearer t0ken"
    selector = server.asked[-2][1]["labelSelector"]
    assert set(selector.split(",")) == {f"{k}={v}" for k, v in naming.labels("front-desk", "proxy").items()}


async def test_without_a_name_the_namespace_is_listed(inspector: Inspector) -> None:
    assert [state.name for state in await gather(inspector, None)] == ["front-desk"]


@pytest.mark.parametrize(
    ("path", "right"),
    [
        (f"{CRD}/front-desk", "`get` `voiceassistants.understudy.dev` in namespace shop"),
        (PODS, "`list` `pods`"),
        (f"{PODS}/front-desk-proxy-x1:9090/proxy/v1/pools", "`get` `pods/proxy`"),
    ],
)
async def test_a_missing_right_is_named(server: ApiServer, inspector: Inspector, path: str, right: str) -> None:
    server.denied.add(path)
    with pytest.raises(CannotTell, match=right) as caught:
        await gather(inspector, "front-desk")
    assert 'User "eve" cannot get' in str(caught.value)


async def test_an_assistant_that_does_not_exist_is_said(inspector: Inspector) -> None:
    with pytest.raises(CannotTell, match="no VoiceAssistant typo in namespace shop"):
        await gather(inspector, "typo")


@pytest.mark.parametrize(
    ("where", "namespace"),
    [({}, "shop"), ({"context": "elsewhere"}, "office"), ({"context": "elsewhere", "namespace": "home"}, "home")],
)
async def test_context_and_namespace_are_kubectls(server: ApiServer, where: dict[str, str], namespace: str) -> None:
    inspector = await connect(server, **where)
    assert inspector.namespace == namespace
    await inspector.close()


async def test_a_context_that_does_not_exist_is_said(server: ApiServer) -> None:
    with pytest.raises(NoCluster, match="there is no context 'nowhere'"):
        await connect(server, context="nowhere")


async def test_an_api_server_that_is_away_is_said(server: ApiServer, inspector: Inspector) -> None:
    await server.stop()
    with pytest.raises(Unreachable):
        await gather(inspector, "front-desk")
