"""The controller's own metrics. Labels are bounded: phases, verdicts and results, never names (P15)."""

from collections import Counter as Tally
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from understudy.apps.controller.ports import Key

_LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters and gauges in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._duration = Histogram(
            "understudy_controller_reconcile_seconds",
            "Time of one reconciliation.",
            ["result"],
            buckets=_LATENCY_BUCKETS,
            registry=self.registry,
        )
        self._depth = self._gauge("queue_depth", "Assistants that are due and not worked on.")
        self._assistants = self._gauge("assistants", "Assistants by phase of their rollout.", ["phase"])
        self._verdicts = self._gauge("rollouts", "Rollouts under way by verdict.", ["verdict"])
        self._leader = self._gauge("leader", "1 while this process holds the lease.")
        self._evidence = Histogram(
            "understudy_controller_evidence_to_decision_seconds",
            "From the moment a proxy recorded the newest observation to the status that took it in.",
            buckets=_LATENCY_BUCKETS,
            registry=self.registry,
        )
        self._writes = self._counter("writes", "Objects written, by kind.", ["kind"])
        self._events = self._counter("events", "Kubernetes Events, by what became of them.", ["result"])
        self._polls = self._counter("proxy_polls", "Reports asked of proxies, by result.", ["result"])
        self._transitions = self._counter(
            "transitions", "Moves of rollouts, by phase before and after, and by reason.", ["from", "to", "reason"]
        )
        self._queries = self._counter("prometheus_queries", "Queries of SLOs, by what came of them.", ["result"])
        self._states: dict[Key, tuple[str, str]] = {}

    def _gauge(self, name: str, text: str, labels: tuple[str, ...] | list[str] = ()) -> Gauge:
        return Gauge(f"understudy_controller_{name}", text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, labels: list[str]) -> Counter:
        return Counter(f"understudy_controller_{name}", text, labels, registry=self.registry)

    def reconciled(self, result: str, seconds: float, depth: int) -> None:
        """One reconciliation ended: `ok`, `conflict`, `cluster` or `error`."""
        self._duration.labels(result).observe(seconds)
        self._depth.set(depth)

    def decided(self, key: Key, phase: str, verdict: str) -> None:
        """Where the rollout of `key` stands now; `verdict` is empty while none is under way."""
        self._states[key] = (phase, verdict)
        self._publish(self._states)

    def moved(self, before: str, after: str, reason: str) -> None:
        """A rollout went from one phase to another, or on within one."""
        self._transitions.labels(before, after, reason).inc()

    def gone(self, key: Key) -> None:
        """`key` was deleted."""
        self._states.pop(key, None)
        self._publish(self._states)

    def _publish(self, states: Mapping[Key, tuple[str, str]]) -> None:
        for gauge, index in ((self._assistants, 0), (self._verdicts, 1)):
            gauge.clear()
            for word, count in Tally(state[index] for state in states.values() if state[index]).items():
                gauge.labels(word).set(count)

    def leading(self, yes: bool) -> None:  # noqa: FBT001 - a gauge of a boolean
        """Whether this process holds the lease."""
        self._leader.set(int(yes))

    def evidence(self, seconds: float) -> None:
        """Age of the newest observation when the decision that counts it was stored."""
        self._evidence.observe(max(seconds, 0.0))

    def wrote(self, kind: str) -> None:
        """One object was written."""
        self._writes.labels(kind).inc()

    def event(self, result: str) -> None:
        """An Event was `posted`, `suppressed` or `failed`."""
        self._events.labels(result).inc()

    def polled(self, result: str) -> None:
        """A proxy answered (`ok`) or did not (`error`)."""
        self._polls.labels(result).inc()

    def queried(self, result: str) -> None:
        """Prometheus was asked what an SLO wants to know: a `SampleKind`."""
        self._queries.labels(result).inc()

    def render(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)
