"""The long polls, against a small server that speaks `/v1/state` on loopback."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from understudy.api.status import Revision, RolloutStatus
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.observers import Observers, make_client
from understudy.apps.controller.ports import Key
from understudy.apps.controller.reports import Reports
from understudy.domain.calls.observation import CallEnd, CallObservation, ProxyReport
from understudy.domain.routing.document import Arm

KEY = Key("shop", "front-desk")
LOCAL = {"proxy-0": "127.0.0.1"}


class FakeProxy:
    """Answers polls as the contract says: at once with news, otherwise when there is some."""

    def __init__(self) -> None:
        self.generation = 1
        self.boot = "boot-1"
        self.calls: list[CallObservation] = []
        self.queries: list[dict[str, str]] = []
        self.failures = 0
        self.polled = asyncio.Event()
        self._news = asyncio.Condition()
        self.port = 0

    async def state(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.queries.append(query)
        self.polled.set()
        if self.failures:
            self.failures -= 1
            raise web.HTTPServiceUnavailable
        async with self._news:
            await self._news.wait_for(lambda: self._has_news(query))
        fresh = tuple(each for each in self.calls if each.seq > int(query["after"]))
        report = ProxyReport(pod="proxy-0", boot_id=self.boot, generation=self.generation, observations=fresh)
        return web.json_response(report.to_json())

    def _has_news(self, query: dict[str, str]) -> bool:
        return len(self.calls) > int(query["after"]) or int(query["generation"]) != self.generation

    async def tell(self, **changes: Any) -> None:
        async with self._news:
            for name, value in changes.items():
                setattr(self, name, value)
            self._news.notify_all()

    async def call_ends(self) -> None:
        number = len(self.calls) + 1
        ended = CallObservation(
            seq=number,
            call_id=str(number),
            revision="r",
            arm=Arm.CANARY,
            started_at=1,
            ended_at=2,
            recorded_at=2,
            end=CallEnd.CALLER_HUNG_UP,
        )
        await self.tell(calls=[*self.calls, ended])


@pytest.fixture
async def proxy() -> AsyncIterator[FakeProxy]:
    fake = FakeProxy()
    app = web.Application()
    app.router.add_get("/v1/state", fake.state)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.port = runner.addresses[0][1]
    yield fake
    await runner.cleanup()


class Watching:
    """Observers of the fake proxy, and the keys they called for."""

    def __init__(self, observers: Observers, reports: Reports, news: asyncio.Queue[Key]) -> None:
        self.observers, self.reports, self.news = observers, reports, news

    async def told(self) -> ProxyReport:
        assert await asyncio.wait_for(self.news.get(), 10) == KEY
        return self.reports.present(KEY)["proxy-0"]


@pytest.fixture
async def watching(proxy: FakeProxy) -> AsyncIterator[Watching]:
    reports, news = Reports(), asyncio.Queue[Key]()
    canary = Revision(name="r", object_name="front-desk-r", agent_service="s")
    reports.follow(KEY, RolloutStatus(canary=canary))
    async with make_client() as client:
        observers = Observers(client, reports, news.put_nowait, Metrics(), port=proxy.port)
        yield Watching(observers, reports, news)
        await observers.close()


async def test_a_finished_call_is_here_a_round_trip_later(proxy: FakeProxy, watching: Watching) -> None:
    watching.observers.sync(KEY, LOCAL)
    assert (await watching.told()).generation == 1
    await proxy.call_ends()
    assert [each.seq for each in (await watching.told()).observations] == [1]
    await proxy.call_ends()
    assert [each.seq for each in (await watching.told()).observations] == [1, 2]
    assert proxy.queries[0] == {"assistant": "shop/front-desk", "after": "0", "generation": "-1", "wait": "20"}
    assert [each["after"] for each in proxy.queries[1:3]] == ["0", "1"]


async def test_an_acknowledgement_is_news(proxy: FakeProxy, watching: Watching) -> None:
    watching.observers.sync(KEY, LOCAL)
    await watching.told()
    await proxy.tell(generation=2)
    assert (await watching.told()).generation == 2


async def test_a_proxy_that_fails_is_asked_again(proxy: FakeProxy, watching: Watching) -> None:
    proxy.failures = 2
    watching.observers.sync(KEY, LOCAL)
    assert (await watching.told()).generation == 1
    assert len(proxy.queries) >= 3


async def test_a_restarted_proxy_is_read_from_its_beginning(proxy: FakeProxy, watching: Watching) -> None:
    watching.observers.sync(KEY, LOCAL)
    await watching.told()
    await proxy.call_ends()
    await watching.told()
    await proxy.tell(boot="boot-2", calls=[], generation=3)
    assert (await watching.told()).boot_id == "boot-2"
    await proxy.call_ends()
    assert [each.seq for each in (await watching.told()).observations] == [1]


async def test_pods_that_are_gone_are_not_asked_any_more(watching: Watching) -> None:
    watching.observers.sync(KEY, LOCAL)
    await watching.told()
    watching.observers.sync(KEY, {})
    assert watching.reports.present(KEY) == {}
    assert watching.observers._tasks == {}


async def test_another_pod_at_the_same_address_is_not_believed(proxy: FakeProxy, watching: Watching) -> None:
    """An address is used again for a new pod before the old one's polls have stopped."""
    watching.observers.sync(KEY, {"proxy-9": "127.0.0.1"})
    await asyncio.wait_for(proxy.polled.wait(), 10)
    proxy.polled.clear()
    watching.observers.sync(KEY, {"proxy-9": "127.0.0.1", **LOCAL})
    await watching.told()
    assert set(watching.reports.present(KEY)) == {"proxy-0"}
