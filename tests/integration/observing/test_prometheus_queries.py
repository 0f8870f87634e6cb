"""SLOs with a query, asked of Prometheus' own storage, engine and HTTP API."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.gotools.prometheus import serving
from understudy.api.rollout import PrometheusSlo, Slo
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.ports import Key
from understudy.apps.controller.prometheus import Queries, make_client
from understudy.base.clock import SystemClock
from understudy.domain.slo.promql import Subject
from understudy.domain.slo.query import Sample, SampleKind

KEY = Key("shop", "front.desk")
DESK = Subject("shop", "front.desk", canary="b19e02aa", stable="7f3c1a00")

SAMPLES: list[tuple[str, dict[str, str], str, float]] = [
    ("ratio", {"namespace": "shop", "assistant": "front.desk", "revision": "b19e02aa"}, "0.75", 20),
    ("ratio", {"namespace": "shop", "assistant": "front.desk", "revision": "7f3c1a00"}, "0.5", 20),
    ("ratio", {"namespace": "shop", "assistant": "front-desk", "revision": "b19e02aa"}, "0.25", 20),
    ("idle", {"revision": "b19e02aa"}, "NaN", 5),
    ("bookings_total", {"revision": "b19e02aa"}, "100", 110),
    ("bookings_total", {"revision": "b19e02aa"}, "160", 50),
    ("long_gone", {"revision": "b19e02aa"}, "1", 400),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where it answers, with `SAMPLES` in it."""
    with serving(tmp_path_factory.mktemp("tsdb")) as prometheus:
        for name, labels, value, age in SAMPLES:
            prometheus.write(name, labels, value, age)
        yield prometheus.url


class Asking:
    """A poller and its first samples."""

    def __init__(self, url: str, client: Any) -> None:
        self._news: asyncio.Queue[Key] = asyncio.Queue()
        self.queries = Queries(client, SystemClock(), self._news.put_nowait, Metrics(), url)

    async def ask(self, query: str, stale_after: str) -> Sample:
        told = PrometheusSlo(query=query, min="0.6", stale_after=stale_after)
        self.queries.sync(KEY, [Slo(name="asked", prometheus=told)], DESK)
        async with asyncio.timeout(20):
            await self._news.get()
        return self.queries.samples(KEY)["asked"][0]


@pytest.fixture
async def asking(url: str) -> AsyncIterator[Asking]:
    async with make_client() as client:
        asking = Asking(url, client)
        yield asking
        await asking.queries.close()


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ('ratio{namespace="$namespace", assistant="$assistant", revision="$canary"}', 0.75),
        ('sum(ratio{assistant=~"$assistant", revision=~"$canary|$stable"}) # both arms', 1.25),
        ("ratio{assistant=`$assistant`, revision='$canary'} - ignoring(revision) ratio{revision='$stable'}", 0.25),
        ("sum(ratio{assistant=~`$assistant`})", 1.25),
        ('increase(bookings_total{revision="$canary"}[4m]) > bool 0', 1.0),
        ("scalar(sum(ratio))", 1.5),
        ("1 / vector(0)", float("inf")),
    ],
)
async def test_a_value_is_a_value(asking: Asking, query: str, value: float) -> None:
    """The dot of a name is a dot, also where it is matched; a function over a range has no age."""
    sample = await asking.ask(query, "4m")
    assert (sample.kind, sample.value) == (SampleKind.VALUE, value), sample.message


@pytest.mark.parametrize(
    ("query", "stale_after", "kind", "told"),
    [
        ("idle", "1m", SampleKind.NAN, ""),
        ("sum(nothing) / sum(nothing)", "1m", SampleKind.EMPTY, ""),
        ("long_gone", "1h", SampleKind.EMPTY, ""),
        ('ratio{revision="$stable"}', "10s", SampleKind.STALE, "s old"),
        ("vector(0) / vector(0)", "1m", SampleKind.NAN, ""),
        ("ratio", "1m", SampleKind.ERROR, "3 series answer where one is wanted"),
        ("ratio[5m]", "1m", SampleKind.ERROR, "a range of values answers"),
        ('"text"', "1m", SampleKind.ERROR, "a text answers"),
        ("ratio{", "1m", SampleKind.ERROR, "bad_data: invalid parameter"),
        ("ratio * on(revision) ratio", "1m", SampleKind.ERROR, "execution: "),
        ('ratio{revision="$unknown"}', "1m", SampleKind.EMPTY, ""),
    ],
)
async def test_ways_of_not_answering_are_told_apart(
    asking: Asking, query: str, stale_after: str, kind: SampleKind, told: str
) -> None:
    sample = await asking.ask(query, stale_after)
    assert (sample.kind, told in sample.message) == (kind, True), sample.message
