"""The command against an HTTP server that answers as the API server does."""

import pytest

from tests.integration.cli.api_server import CRD, POD_NAME, PODS, ApiServer, connect
from understudy.adapters.cluster.client import NoCluster
from understudy.adapters.cluster.inspection import Inspector
from understudy.apps.cli.errors import CannotTell
from understudy.apps.cli.gather import gather
from understudy.domain import naming
from understudy.domain.routing.pool.view import PoolsView

NOW = 1_800_000_000.0


async def test_a_proxy_is_asked_by_way_of_the_api_server(server: ApiServer, inspector: Inspector) -> None:
    (state,) = await gather(inspector, "front-desk", NOW)
    assert (state.phase, state.proxies[0].pod) == ("Stable", POD_NAME)
    assert state.proxies[0].pools == PoolsView(pod="x1")
    path, query, token = server.asked[-1]
    assert path == f"{PODS}/{POD_NAME}:{naming.ADMIN_PORT}/proxy/v1/pools"
    assert query == {"assistant": "shop/front-desk"}
    assert token == "Bearer t0ken"
    selector = next(query["labelSelector"] for path, query, _ in server.asked if path == PODS)
    assert set(selector.split(",")) == {f"{k}={v}" for k, v in naming.labels("front-desk", "proxy").items()}


async def test_without_a_name_the_namespace_is_listed(inspector: Inspector) -> None:
    assert [state.name for state in await gather(inspector, None, NOW)] == ["front-desk"]


@pytest.mark.parametrize(
    ("path", "right"),
    [
        (f"{CRD}/front-desk", "`get` `voiceassistants.understudy.dev` in namespace shop"),
        (PODS, "`list` `pods`"),
        (f"{PODS}/{POD_NAME}:9090/proxy/v1/pools", "`get` `pods/proxy`"),
    ],
)
async def test_a_missing_right_is_named(server: ApiServer, inspector: Inspector, path: str, right: str) -> None:
    server.denied.add(path)
    with pytest.raises(CannotTell, match=right) as caught:
        await gather(inspector, "front-desk", NOW)
    assert 'User "eve" cannot get' in str(caught.value)


async def test_an_assistant_that_does_not_exist_is_said(inspector: Inspector) -> None:
    with pytest.raises(CannotTell, match="no VoiceAssistant typo in namespace shop"):
        await gather(inspector, "typo", NOW)


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
    with pytest.raises(CannotTell, match="the API server does not answer"):
        await gather(inspector, "front-desk", NOW)
