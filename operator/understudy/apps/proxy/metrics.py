"""What Prometheus reads.

Labels are assistants, arms and enumerations: never a call, a caller or a text, so the number of series depends on what
is configured and not on time (P15).
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.pool_metrics import PoolGauges, Views
from understudy.base.clock import Clock
from understudy.domain.calls.observation import CallObservation, TurnRecord
from understudy.domain.routing.arm import effective_weight
from understudy.domain.routing.document import Arm
from understudy.domain.routing.pool.view import SharingView

BUCKETS_S = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Seconds; close together where turn budgets are set (0.8 to 1.5)."""

_LABELS = ("assistant", "arm")


class Metrics:
    """The process's collectors, on a registry of their own so that two proxies fit into one test."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter, histogram = self._counter, self._histogram
        self._started = counter("calls_started", "Calls admitted.", _LABELS)
        self._ended = counter("calls_ended", "Calls ended, by how.", (*_LABELS, "end"))
        self._dropped = counter("calls_dropped", "Calls dropped, by cause.", ("assistant", "cause"))
        self._refused = counter("calls_refused", "Calls refused at the door, by reason.", ("assistant", "reason"))
        self._first = histogram("first_response_seconds", "Call accepted to first audible audio.", _LABELS)
        self._turn = histogram("turn_seconds", "Caller's last audible frame to first audible answer.", _LABELS)
        self._stage = histogram("turn_stage_seconds", "A turn's share of each stage.", (*_LABELS, "stage"))
        self._over = counter("turns_over_budget", "Answered turns over the turn budget.", _LABELS)
        self._turns = counter("turns", "Turns, by whether they were answered.", (*_LABELS, "answered"))
        self._defects = counter("answer_defects", "Defective answers, by kind.", (*_LABELS, "defect"))

    def watch(self, assistants: Callable[[], Iterable[Assistant]], clock: Clock) -> None:
        """Also show the state of `assistants`, read when Prometheus asks."""
        self.registry.register(_State(assistants, clock))

    def watch_pools(self, views: Views, sharing: Callable[[], SharingView]) -> None:
        """Also show the model pools, and how their knowledge is shared, when Prometheus asks."""
        self.registry.register(PoolGauges(views, sharing))

    def refused(self, assistant: str, reason: str) -> None:
        """A call was not let in: Draining or NotReady."""
        self._refused.labels(assistant, reason).inc()

    def call_started(self, assistant: str, arm: Arm) -> None:
        """A call was let in."""
        self._started.labels(assistant, arm.value).inc()

    def call_ended(self, assistant: str, call: CallObservation, budget_ms: int) -> None:
        """A call ended; `cause` is one of a handful of our own words."""
        arm = call.arm.value
        self._ended.labels(assistant, arm, call.end.value).inc()
        if call.cause:
            self._dropped.labels(assistant, call.cause).inc()
        if call.first_response_ms is not None:
            self._first.labels(assistant, arm).observe(call.first_response_ms / 1000)
        for turn in call.turns:
            self._turn_ended(assistant, arm, turn, budget_ms)

    def _turn_ended(self, assistant: str, arm: str, turn: TurnRecord, budget_ms: int) -> None:
        self._turns.labels(assistant, arm, str(turn.answered).lower()).inc()
        for defect in turn.defects:
            self._defects.labels(assistant, arm, defect.value).inc()
        if turn.total_ms is not None:
            self._turn.labels(assistant, arm).observe(turn.total_ms / 1000)
            self._over.labels(assistant, arm).inc(turn.total_ms > budget_ms)
        stages = {"transcriber": turn.transcriber_ms, "model": turn.model_ms, "voice": turn.voice_ms}
        for stage, took_ms in stages.items():
            if took_ms is not None:
                self._stage.labels(assistant, arm, stage).observe(took_ms / 1000)

    def _counter(self, name: str, text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(f"understudy_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, labels: tuple[str, ...]) -> Histogram:
        return Histogram(f"understudy_{name}", text, labels, registry=self.registry, buckets=BUCKETS_S)


class _State(Collector):
    """Gauges that are read from the assistants rather than kept beside them."""

    def __init__(self, assistants: Callable[[], Iterable[Assistant]], clock: Clock) -> None:
        self._assistants = assistants
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        """None: names are not checked for duplicates."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges, one sample an assistant (and arm)."""
        live = GaugeMetricFamily("understudy_calls_live", "Calls in progress.", labels=_LABELS)
        generation = _gauge("understudy_routing_generation", "Generation of the routing document in force.")
        weight = _gauge("understudy_canary_weight_percent", "Share of new calls for the canary; 0 without a lease.")
        lease = _gauge("understudy_canary_lease_seconds", "Rest of the canary's lease; absent without a canary.")
        stopped = _gauge("understudy_canary_stopped", "1 while a ceiling keeps new calls from the canary here.")
        rescued = _gauge("understudy_calls_rescued", "Calls moved to stable in mid-call.")
        unread = _gauge("understudy_observations_unread", "Finished calls that the operator has not read.")
        now = self._clock.now()
        for assistant in self._assistants():
            label = [assistant.key]
            for arm in Arm:
                held = [call for call in assistant.live.values() if call.token.arm == arm.value]
                live.add_metric([*label, arm.value], len(held))
            generation.add_metric(label, assistant.generation)
            rescued.add_metric(label, assistant.rescued_calls)
            unread.add_metric(label, assistant.finished.unread)
            if (document := assistant.document) and document.canary:
                beyond = assistant.ceilings.stops(document.canary.name)
                stopped.add_metric(label, float(beyond))
                weight.add_metric(label, 0 if beyond else effective_weight(document, now))
                lease.add_metric(label, max(0.0, document.lease_expires_at - now))
        yield from (live, generation, weight, lease, stopped, rescued, unread)


def _gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=("assistant",))
