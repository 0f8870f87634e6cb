"""What a running proxy shows of its pools, and what it learns from another one."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tests.integration.proxy_front.documents import NAME, NAMESPACE, STABLE
from tests.integration.proxy_pools.conftest import Join, Replica
from tests.integration.store.redis_process import RedisProcess
from understudy.apps.cli.routing_view import routing
from understudy.apps.cli.state import Answer, State
from understudy.apps.proxy import sharing
from understudy.domain.routing.pool.view import PoolsView

KEY = f"{NAMESPACE}/{NAME}"
PATIENCE_S = 20


async def pools(replica: Replica) -> PoolsView:
    status, text = await replica.admin("/v1/pools", assistant=KEY)
    assert status == 200
    return PoolsView.model_validate_json(text)


async def until(true: Callable[[], bool]) -> None:
    """Wait for what has no event to wait for."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.005)


def samples(replica: Replica) -> int:
    """What the proxy learned of all deployments."""
    knowledge = replica.proxy.context.pools.knowledge
    return sum(knowledge.entry(key).estimate.samples for key in list(knowledge._entries))


async def test_before_the_first_request_there_is_no_pool(join: Join) -> None:
    found = await pools(await join("p-1"))
    assert (found.pod, found.pools, found.sharing.state) == ("p-1", (), "Off")


async def test_the_admin_port_shows_how_requests_are_routed(join: Join) -> None:
    """By names that users gave, and at times that they can read."""
    replica = await join("p-1")
    for _ in range(5):
        replica.turn(0.3)
    (pool,) = (await pools(replica)).pools
    assert (pool.assistant, pool.revision, pool.kind, pool.requests) == (KEY, STABLE, "", 5)
    assert {(each.name, each.account) for each in pool.deployments} == {("east", "azure"), ("west", "azure")}
    assert pool.at == pytest.approx(replica.proxy.context.clock.now(), abs=60)
    page = "\n".join(routing(State(namespace=NAMESPACE, name=NAME, stable=STABLE, proxies=(
        Answer(pod="p-1", pools=await pools(replica)),
    )), 200))  # fmt: skip
    assert "east" in page
    assert "5 turns" in page


async def test_live_calls_and_the_document_in_force_are_told(join: Join) -> None:
    """What `kubectl understudy status` shows of the arms; no cursor of the operator's is touched by asking."""
    replica = await join("p-1")
    assistant = replica.proxy.context.registry.assistants[KEY]
    assistant.live["a-call"] = SimpleNamespace(token=SimpleNamespace(revision=STABLE))  # type: ignore[assignment]
    before = (assistant.polled_at, assistant.finished.read)
    found = await pools(replica)
    del assistant.live["a-call"]
    assert found.live_calls == {STABLE: 1}
    assert (found.generation, found.draining) == (assistant.generation, False)
    assert (assistant.polled_at, assistant.finished.read) == before


async def test_an_assistant_that_is_not_served_here_is_not_found(join: Join) -> None:
    replica = await join("p-1")
    assert (await replica.admin("/v1/pools", assistant="shop/other"))[0] == 404
    assert (await replica.admin("/v1/pools"))[0] == 404


async def test_prometheus_reads_the_same(join: Join) -> None:
    replica = await join("p-1")
    replica.turn(0.3)
    _, text = await replica.admin("/metrics")
    pool = f'assistant="{KEY}",request_kind=""'
    assert f"understudy_pool_turns_total{{{pool}}} 1.0" in text
    assert f"understudy_pool_deployments_available{{{pool}}} 2.0" in text
    of = 'account="azure",assistant="demo/front-desk",deployment="east",request_kind=""'
    assert f'understudy_pool_breaker{{{of},state="Closed"}} 1.0' in text
    assert f'understudy_pool_breaker{{{of},state="Open"}} 0.0' in text
    assert "understudy_sharing_up" in text
    assert "\nunderstudy_sharing_up " not in text, "nothing is shared here, which is not a failure"


async def test_what_one_proxy_learned_the_next_one_knows_before_its_first_call(
    join: Join, server: RedisProcess
) -> None:
    one = await join("p-1", server.url)
    one.turn(0.3)
    await until(lambda: one.proxy.sharing.sent == 1)
    one.turn(0.3)
    await until(lambda: one.proxy.sharing.sent == 2)
    late = await join("p-2", server.url)
    await until(lambda: samples(late) == 2)
    late.turn(0.3)
    (pool,) = (await pools(late)).pools
    assert pool.requests == 1
    assert sum(each.samples for each in pool.deployments) >= 3
    shared = (await pools(late)).sharing
    assert (shared.state, shared.replicas) == ("Shared", 1)
    _, text = await late.admin("/metrics")
    assert "\nunderstudy_sharing_up 1.0" in text
    assert 'understudy_sharing_samples_total{direction="received"}' in text


async def test_proxies_serve_on_when_the_store_dies_in_mid_flight(
    join: Join, server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "PAUSE_LONGEST_S", 0.2)
    one, other = await join("p-1", server.url), await join("p-2", server.url)
    await until(lambda: one.proxy.sharing.state == other.proxy.sharing.state == "Shared")
    server.kill()
    for _ in range(10):
        one.turn()
    await until(lambda: one.proxy.sharing.state == "Alone")
    found = await pools(one)
    assert (found.sharing.state, found.pools[0].requests) == ("Alone", 10)
    assert found.sharing.reason
    assert (await one.admin("/readyz"))[0] == 200
    server.start()
    await until(lambda: one.proxy.sharing.state == other.proxy.sharing.state == "Shared")
    known = samples(other)
    one.turn()
    await until(lambda: samples(other) > known)


async def test_a_store_that_is_not_there_from_the_start_stops_nothing(join: Join, server: RedisProcess) -> None:
    server.kill()
    replica = await join("p-1", server.url)
    replica.turn()
    assert (await replica.admin("/readyz"))[0] == 200
    await until(lambda: replica.proxy.sharing.state == "Alone")
