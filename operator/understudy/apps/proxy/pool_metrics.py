"""Gauges of the model pools and of shared knowledge, read from them when Prometheus asks.

Of each assistant the revision that serves is shown, or the one that took requests: labels name no revision, because
revisions come and go, and series with them.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from understudy.domain.routing.pool.breaker import State
from understudy.domain.routing.pool.view import PoolView, SharingView

_POOL = ("assistant", "request_kind")
_DEPLOYMENT = (*_POOL, "deployment", "account")

Views = Callable[[], Iterable[PoolView]]


class PoolGauges(Collector):
    """What the pools look like.

    Args:
        views: every pool, an assistant's serving revision first.
        sharing: how knowledge is shared.
    """

    def __init__(self, views: Views, sharing: Callable[[], SharingView]) -> None:
        self._views = views
        self._sharing = sharing

    def describe(self) -> Iterable[Metric]:
        """None: names are not checked for duplicates."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        pools = _shown(self._views())
        yield from _spending(pools)
        yield from _deployments(pools)
        yield from _shared(self._sharing())


def _shown(views: Iterable[PoolView]) -> list[PoolView]:
    """One pool for each assistant and kind of request."""
    first: dict[tuple[str, str], PoolView] = {}
    for view in views:
        first.setdefault((view.assistant, view.kind), view)
    return list(first.values())


def _spending(pools: list[PoolView]) -> Iterator[Metric]:
    turns = _counter("turns", "Model requests of agents.", _POOL)
    fired = _counter("requests", "Requests to deployments, by what they were for.", (*_POOL, "purpose"))
    limit = _gauge("extra_share_limit", "Most extra requests (all but `first`) a turn.", _POOL)
    available = _gauge("deployments_available", "Deployments whose breaker admits requests.", _POOL)
    for pool in pools:
        label = [pool.assistant, pool.kind]
        turns.add_metric(label, pool.requests)
        for purpose, count in _purposes(pool).items():
            fired.add_metric([*label, purpose], count)
        limit.add_metric(label, pool.extra_share)
        available.add_metric(label, sum(each.breaker.state != State.OPEN.value for each in pool.deployments))
    yield from (turns, fired, limit, available)


def _purposes(pool: PoolView) -> dict[str, int]:
    extra = {"cut": pool.cut, "hedge": pool.hedged, "retry": pool.retried, "continue": pool.continued}
    first = pool.fired - pool.explored - sum(extra.values())
    return {"first": first, "explore": pool.explored, **extra}


def _deployments(pools: list[PoolView]) -> Iterator[Metric]:
    expected = _gauge("expected_seconds", "Median time to the first clause that is expected.", _DEPLOYMENT)
    cut = _gauge("cut_after_seconds", "When a request sent there now would be given up.", _DEPLOYMENT)
    hang = _gauge("hang_share", "Share of requests that are expected to hang or fail.", _DEPLOYMENT)
    headroom = _gauge("headroom", "Part of the rate limit that is left; absent without a limit.", _DEPLOYMENT)
    breaker = _gauge("breaker", "1 for the state that the deployment's breaker is in.", (*_DEPLOYMENT, "state"))
    for pool in pools:
        for each in pool.deployments:
            label = [pool.assistant, pool.kind, each.name, each.account]
            expected.add_metric(label, each.expected_ms / 1000)
            cut.add_metric(label, each.cut_after_ms / 1000)
            hang.add_metric(label, each.hang_share)
            if each.headroom is not None:
                headroom.add_metric(label, each.headroom)
            for state in State:
                breaker.add_metric([*label, state.value], float(each.breaker.state == state.value))
    yield from (expected, cut, hang, headroom, breaker)


def _shared(sharing: SharingView) -> Iterator[Metric]:
    up = GaugeMetricFamily("understudy_sharing_up", "1 while knowledge is shared; absent without a store.")
    replicas = GaugeMetricFamily("understudy_sharing_replicas", "Other replicas heard of lately.")
    samples = CounterMetricFamily(
        "understudy_sharing_samples", "Samples sent, received, and dropped.", labels=("direction",)
    )
    if sharing.state != "Off":
        up.add_metric([], float(sharing.state == "Shared"))
        replicas.add_metric([], sharing.replicas)
        samples.add_metric(["sent"], sharing.sent)
        samples.add_metric(["received"], sharing.received)
        samples.add_metric(["dropped"], sharing.dropped)
    yield from (up, replicas, samples)


def _counter(name: str, text: str, labels: tuple[str, ...]) -> CounterMetricFamily:
    return CounterMetricFamily(f"understudy_pool_{name}", text, labels=labels)


def _gauge(name: str, text: str, labels: tuple[str, ...]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"understudy_pool_{name}", text, labels=labels)
