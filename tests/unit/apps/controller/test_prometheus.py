"""Queries of SLOs, against a small server that speaks Prometheus' `/api/v1/query` on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from understudy.api.rollout import PrometheusSlo, Slo
from understudy.apps.controller import prometheus
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.ports import Key
from understudy.apps.controller.prometheus import NO_SERVER, Queries, endpoint, make_client
from understudy.base.clock import ManualClock
from understudy.domain.slo.promql import Subject
from understudy.domain.slo.query import Sample, SampleKind

KEY = Key("shop", "front-desk")
DESK = Subject("shop", "front-desk", canary="b19e02aa", stable="7f3c1a00")
START = ManualClock().at


class FakePrometheus:
    """Answers queries as a test says; those for a value's age with its time."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.series: list[str] = ["0.5"]
        self.now = START
        self.age_s = 0.0
        self.status = 200
        self.other: Callable[[], web.Response] | None = None
        self.hangs = False

    async def query(self, request: web.Request) -> web.Response:
        form = await request.post()
        query = str(form["query"])
        assert request.content_type == "application/x-www-form-urlencoded"
        aged = query.startswith("timestamp(")
        if not aged:
            self.asked.append(query)
        if self.hangs:
            await asyncio.Event().wait()
        if self.other:
            return self.other()
        values = [str(self.now - self.age_s)] if aged else self.series
        result = [{"metric": {"n": str(n)}, "value": [self.now, value]} for n, value in enumerate(values)]
        body = {"status": "success", "data": {"resultType": "vector", "result": result}}
        return web.json_response(body, status=self.status)


def slo(name: str = "bookings", **query: Any) -> Slo:
    told = {"query": 'bookings{a="$assistant", r="$canary"}', "min": "0.4", "interval": "5s"}
    return Slo(name=name, prometheus=PrometheusSlo.model_validate(told | query))


class Bench:
    """The poller and what it tells."""

    def __init__(self, url: str, client: Any) -> None:
        self.clock = ManualClock()
        self.metrics = Metrics()
        self.news: asyncio.Queue[Key] = asyncio.Queue()
        self.queries = Queries(client, self.clock, self.news.put_nowait, self.metrics, url)

    async def next(self, name: str = "bookings") -> Sample:
        """The sample of the next news."""
        async with asyncio.timeout(10):
            assert await self.news.get() == KEY
        return self.queries.samples(KEY)[name][-1]


@pytest.fixture
async def server() -> AsyncIterator[tuple[FakePrometheus, str]]:
    fake, app = FakePrometheus(), web.Application()
    app.router.add_post("/api/v1/query", fake.query)
    app.router.add_post("/behind/api/v1/query", fake.query)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield fake, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def fake(server: tuple[FakePrometheus, str]) -> FakePrometheus:
    return server[0]


@pytest.fixture
async def bench(server: tuple[FakePrometheus, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """Asks again and again without waiting: time is the test's."""
    monkeypatch.setattr(prometheus, "parse_ms", lambda text: {"5s": 10}.get(text, 300_000))
    async with make_client() as client:
        bench = Bench(server[1], client)
        yield bench
        await bench.queries.close()


async def test_a_value_is_asked_for_about_the_canary(bench: Bench, fake: FakePrometheus) -> None:
    bench.queries.sync(KEY, [slo()], DESK)
    assert await bench.next() == Sample(SampleKind.VALUE, 0.5, START)
    assert fake.asked[0] == 'bookings{a="front-desk", r="b19e02aa"}'
    name = "understudy_controller_prometheus_queries_total"
    assert bench.metrics.registry.get_sample_value(name, {"result": "Value"}) == 1


async def test_it_is_asked_again_and_again_and_samples_are_kept_in_order(bench: Bench, fake: FakePrometheus) -> None:
    bench.queries.sync(KEY, [slo()], DESK)
    for step in range(3):
        bench.clock.at, fake.series = START + step, [str(step)]
        while (await bench.next()).value != step:
            pass
    samples = bench.queries.samples(KEY)["bookings"]
    assert [sample.at for sample in samples] == sorted(sample.at for sample in samples)
    assert {sample.value for sample in samples} >= {0.0, 1.0, 2.0}


def no_json() -> web.Response:
    return web.Response(text="<html>")


def broken() -> web.Response:
    body = {"status": "error", "errorType": "bad_data", "error": "parse error"}
    return web.json_response(body, status=400)


def endless() -> web.Response:
    return web.Response(body=b" " * (prometheus.MAX_ANSWER + 1))


@pytest.mark.parametrize(
    ("state", "kind", "told"),
    [
        ({"series": []}, SampleKind.EMPTY, ""),
        ({"series": ["NaN"]}, SampleKind.NAN, ""),
        ({"age_s": 299.0}, SampleKind.VALUE, ""),
        ({"age_s": 301.0}, SampleKind.STALE, "301 s old"),
        ({"now": START - 400}, SampleKind.STALE, "400 s old"),
        ({"series": ["1", "2"]}, SampleKind.ERROR, "2 series answer where one is wanted: aggregate"),
        ({"status": 503}, SampleKind.ERROR, "it answered 503"),
        ({"other": no_json}, SampleKind.ERROR, "not as Prometheus does"),
        ({"other": broken}, SampleKind.ERROR, "bad_data: parse error"),
        ({"other": endless}, SampleKind.ERROR, "the answer is too long: aggregate"),
    ],
    ids=["empty", "nan", "fresh", "stale", "cached", "several", "unavailable", "no json", "bad query", "endless"],
)
async def test_ways_of_not_answering_are_told_apart(
    bench: Bench, fake: FakePrometheus, state: dict[str, Any], kind: SampleKind, told: str
) -> None:
    """A value's age is that of its scrape, or of an answer that a cache has kept."""
    vars(fake).update(state)
    bench.queries.sync(KEY, [slo()], DESK)
    sample = await bench.next()
    assert sample.kind is kind
    assert told in sample.message


async def test_a_server_that_hangs_is_an_error(
    bench: Bench, fake: FakePrometheus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prometheus, "TIMEOUT_S", 0.05)
    fake.hangs = True
    bench.queries.sync(KEY, [slo()], DESK)
    sample = await bench.next()
    assert (sample.kind, "no answer within" in sample.message) == (SampleKind.ERROR, True)


@pytest.mark.parametrize(("url", "told"), [("http://127.0.0.1:1", "not reached (ConnectError)"), ("", NO_SERVER)])
async def test_no_server_is_an_error(url: str, told: str) -> None:
    """Where none is configured, the message says what to write."""
    async with make_client() as client:
        bench = Bench(url, client)
        bench.queries.sync(KEY, [slo()], DESK)
        sample = await bench.next()
        await bench.queries.close()
    assert (sample.kind, sample.message) == (SampleKind.ERROR, told)


async def test_an_slo_may_name_its_own_server(bench: Bench, server: tuple[FakePrometheus, str]) -> None:
    fake, url = server
    bench.queries = Queries(bench.queries._client, bench.clock, bench.news.put_nowait, bench.metrics, "http://nowhere")
    bench.queries.sync(KEY, [slo(url=f"{url}/behind/")], DESK)
    assert (await bench.next()).kind is SampleKind.VALUE
    assert fake.asked


async def test_a_variable_outside_of_quotes_is_an_error(bench: Bench, fake: FakePrometheus) -> None:
    bench.queries.sync(KEY, [slo(query="sum(bookings_$assistant)")], DESK)
    assert "write $assistant in quotes" in (await bench.next()).message
    assert fake.asked == []


async def test_only_queries_are_asked_and_only_while_somebody_is_judged(bench: Bench) -> None:
    """Other SLOs ask nothing; when judging ends, the tasks and what came are gone."""
    bench.queries.sync(KEY, [slo(), Slo.turns_within("turns", "1s", 5, 2)], DESK)
    await bench.next()
    assert set(bench.queries.samples(KEY)) == {"bookings"}
    bench.queries.sync(KEY, [], DESK)
    assert bench.queries.samples(KEY) == {}
    assert polling() == 0


async def test_the_same_query_goes_on_and_another_one_starts_afresh(bench: Bench) -> None:
    """What was said of one canary is not held against the next."""
    bench.queries.sync(KEY, [slo(), slo("other")], DESK)
    await bench.next()
    tasks = {id(task) for task in tasks_of(bench)}
    bench.queries.sync(KEY, [slo(), slo("other")], DESK)
    assert {id(task) for task in tasks_of(bench)} == tasks
    bench.queries.sync(KEY, [slo(), slo("other", query="up")], DESK)
    assert len({id(task) for task in tasks_of(bench)} & tasks) == 1
    bench.queries.sync(KEY, [slo()], Subject("shop", "front-desk", canary="cccccccc", stable="7f3c1a00"))
    assert bench.queries.samples(KEY) == {"bookings": ()}


async def test_an_assistant_that_is_gone_is_not_asked_about(bench: Bench) -> None:
    bench.queries.sync(KEY, [slo()], DESK)
    bench.queries.forget(KEY)
    assert bench.queries.samples(KEY) == {}
    assert polling() == 0


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://prometheus:9090", "http://prometheus:9090/api/v1/query"),
        ("http://prometheus:9090/", "http://prometheus:9090/api/v1/query"),
        ("https://metrics/prom/?dedup=true", "https://metrics/prom/api/v1/query?dedup=true"),
        ("http://prometheus/api/v1/query", "http://prometheus/api/v1/query"),
    ],
)
def test_where_queries_go(url: str, where: str) -> None:
    assert endpoint(url) == where


def tasks_of(bench: Bench) -> list[asyncio.Task[None] | None]:
    return [asked.task for asked in bench.queries._asked[KEY].values()]


def polling() -> int:
    """Tasks that still poll; cancelled ones do not."""
    return sum("_poll" in str(task.get_coro()) and not task.cancelling() for task in asyncio.all_tasks())
