"""Asks Prometheus what SLOs with a query want to know, while somebody is being judged by it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit, urlunsplit

import httpx

from understudy.api.rollout import Slo
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.ports import Key
from understudy.base.clock import Clock
from understudy.base.duration import parse_ms
from understudy.domain.slo.promql import NoNumber, Number, Subject, age_of, filled, number_in
from understudy.domain.slo.query import Sample, SampleKind

log = logging.getLogger(__name__)

PATH = "/api/v1/query"

TIMEOUT_S = 10.0
"""Longest wait for an answer: a query that takes longer is too costly to be asked every few seconds."""

CONNECT_TIMEOUT_S = 3.0
"""Longest wait for a connection, TLS included."""

AT_ONCE = 20
"""Queries at a time: Prometheus runs 20 by default, and there are others who ask."""

MAX_ANSWER = 1_048_576
"""Bytes of an answer: one number has 200, and a thousand series that nobody aggregated are cut off here."""

KEPT = 100
"""Samples of an SLO that are kept: as many as `failureLimit` can be."""

NO_SERVER = "no Prometheus is known: write spec.slos[].prometheus.url, or set the Helm value prometheus.url"


def make_client() -> httpx.AsyncClient:
    """The HTTP client for it. Redirects are not followed."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE),
        trust_env=False,
    )


@dataclass(frozen=True, slots=True)
class _Query:
    """What one task asks, again and again; another one is another task, with no samples yet."""

    slo: str
    url: str
    text: str
    interval_s: float
    stale_after_s: float
    subject: Subject


@dataclass(slots=True)
class _Asked:
    """A query, its task and what came."""

    query: _Query
    task: asyncio.Task[None] | None = None
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=KEPT))


class Queries:
    """Polling tasks, one for each assistant and SLO, started and stopped as canaries come and go.

    Args:
        client: from `make_client`.
        clock: the machine's.
        on_news: called with the assistant's key after each sample.
        metrics: the controller's.
        url: of the installation's Prometheus; empty: it has none.
    """

    def __init__(
        self, client: httpx.AsyncClient, clock: Clock, on_news: Callable[[Key], None], metrics: Metrics, url: str = ""
    ) -> None:
        self._client = client
        self._clock = clock
        self._on_news = on_news
        self._metrics = metrics
        self._url = url
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._asked: dict[Key, dict[str, _Asked]] = {}

    def sync(self, key: Key, slos: Iterable[Slo], subject: Subject) -> None:
        """Ask exactly the queries among `slos` for `subject`; none: nobody is judged, and what came is forgotten."""
        wanted = {query.slo: query for query in self._queries(slos, subject)}
        running = self._asked.setdefault(key, {})
        for name in [name for name, asked in running.items() if wanted.get(name) != asked.query]:
            _stop(running.pop(name))
        for name, query in wanted.items():
            asked = running.setdefault(name, _Asked(query))
            if asked.task is None or asked.task.done():
                asked.task = asyncio.get_running_loop().create_task(self._poll(key, asked))
        if not running:
            del self._asked[key]

    def samples(self, key: Key) -> Mapping[str, tuple[Sample, ...]]:
        """What came, by SLO, oldest first."""
        return {name: tuple(asked.samples) for name, asked in self._asked.get(key, {}).items()}

    def forget(self, key: Key) -> None:
        """The assistant is gone."""
        for asked in self._asked.pop(key, {}).values():
            _stop(asked)

    async def close(self) -> None:
        """Stop everything."""
        tasks = [asked.task for running in self._asked.values() for asked in running.values() if asked.task]
        for key in list(self._asked):
            self.forget(key)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _queries(self, slos: Iterable[Slo], subject: Subject) -> Iterable[_Query]:
        for slo in slos:
            if (asked := slo.prometheus) is not None:
                interval_s, stale_after_s = parse_ms(asked.interval) / 1000, parse_ms(asked.stale_after) / 1000
                yield _Query(slo.name, asked.url or self._url, asked.query, interval_s, stale_after_s, subject)

    async def _poll(self, key: Key, asked: _Asked) -> None:
        while True:
            async with self._slots:
                sample = await self._sample(asked.query)
            news = not asked.samples or asked.samples[-1].message != sample.message
            asked.samples.append(sample)
            self._metrics.queried(sample.kind.value)
            if sample.kind is SampleKind.ERROR and news:
                log.info("%s: SLO %s: %s", key, asked.query.slo, sample.message)
            self._on_news(key)
            await asyncio.sleep(asked.query.interval_s)

    async def _sample(self, query: _Query) -> Sample:
        """One answer, whatever it is."""
        at = self._clock.now()
        try:
            text = filled(query.text, query.subject)
            number = await self._number(query.url, text)
            age_s = max(at - number.at, await self._age_s(query.url, text))
        except NoNumber as none:
            return Sample(none.kind, None, at, str(none))
        except Exception:
            log.exception("SLO %s of %s/%s", query.slo, query.subject.namespace, query.subject.assistant)
            return Sample(SampleKind.ERROR, None, at, "the query could not be asked; the operator's log says why")
        sample = Sample.of_value(number.value, at - age_s, at, query.stale_after_s)
        return replace(sample, message=f"{age_s:.0f} s old") if sample.kind is SampleKind.STALE else sample

    async def _age_s(self, url: str, text: str) -> float:
        """Age of the value on the server's own clock; 0 where it cannot be told."""
        try:
            measured = await self._number(url, age_of(text))
        except NoNumber:
            return 0.0
        return max(0.0, measured.at - measured.value)

    async def _number(self, url: str, text: str) -> Number:
        """The number that `text` yields.

        Raises:
            NoNumber: it yields none.
        """
        if not url:
            raise NoNumber(SampleKind.ERROR, NO_SERVER)
        form = {"query": text, "timeout": f"{TIMEOUT_S:.0f}s"}
        try:
            async with asyncio.timeout(TIMEOUT_S), self._client.stream("POST", endpoint(url), data=form) as response:
                body = b""
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > MAX_ANSWER:
                        raise NoNumber(SampleKind.ERROR, "the answer is too long: aggregate the series to one")
        except (TimeoutError, httpx.TimeoutException) as error:
            raise NoNumber(SampleKind.ERROR, f"no answer within {TIMEOUT_S:.0f} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoNumber(SampleKind.ERROR, f"not reached ({type(error).__name__})") from error
        return number_in(response.status_code, body)


def endpoint(url: str) -> str:
    """Where a server at `url` answers queries; a path in it, as behind a proxy, is kept."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/").removesuffix(PATH) + PATH))


def _stop(asked: _Asked) -> None:
    if asked.task is not None:
        asked.task.cancel()
