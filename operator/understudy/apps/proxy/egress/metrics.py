"""What Prometheus reads of the egress. Labels are account names from manifests, and enumerations: bounded."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from understudy.apps.proxy.egress.genai import ModelRequests
from understudy.base.errors import ProviderError, ProviderRefused, ProviderTimeout

_CLAUSE_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Seconds; dense where a turn budget of about a second is won or lost."""


class EgressMetrics:
    """The egress's collectors.

    Args:
        registry: the process's.

    Attributes:
        models: requests to models; `models.record(ShotEnd(...))` once for each, when it has ended.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.models = ModelRequests(registry)
        self.attempts = Counter(
            "understudy_provider_attempts",
            "Requests and sockets opened at providers, by what became of them.",
            ("part", "account", "outcome"),
            registry=registry,
        )
        self.failovers = Counter(
            "understudy_provider_failovers", "Fallbacks that took over.", ("part", "account"), registry=registry
        )
        self.cancelled = Counter(
            "understudy_provider_cancels",
            "Requests cancelled at providers because the agent or the call went away.",
            ("part", "account"),
            registry=registry,
        )
        self.broken = Counter(
            "understudy_provider_breaks",
            "Streams that broke after output had reached the agent.",
            ("part", "account"),
            registry=registry,
        )
        self.first_clause = Histogram(
            "understudy_model_first_clause_seconds",
            "Model request to first speakable clause, failed attempts included.",
            ("account",),
            buckets=_CLAUSE_BUCKETS,
            registry=registry,
        )
        self.fillers = Counter(
            "understudy_model_fillers",
            "Turns in which a filler was said while the answer was awaited.",
            registry=registry,
        )
        self.repeats = Counter(
            "understudy_model_repeats_asked", "Callers asked to repeat since no model answered.", registry=registry
        )
        self.webhooks = Counter(
            "understudy_webhook_requests", "Tool calls carried out.", ("outcome",), registry=registry
        )

        self._clauses: dict[str, Histogram] = {}
        self._answered: dict[tuple[str, str], Counter] = {}

    def clause(self, account: str, seconds: float) -> None:
        """A model's first clause came from `account` after so long."""
        series = self._clauses.get(account)
        if series is None:  # kept, as the library's own look-up takes longer than what is done with it
            series = self._clauses[account] = self.first_clause.labels(account)
        series.observe(seconds)

    def answered(self, part: str, account: str) -> None:
        """An alternative worked."""
        series = self._answered.get((part, account))
        if series is None:
            series = self._answered[part, account] = self.attempts.labels(part, account, "ok")
        series.inc()

    def failed(self, part: str, cause: ProviderError) -> None:
        """One alternative failed."""
        self.attempts.labels(part, cause.provider, outcome(cause)).inc()


def outcome(cause: ProviderError) -> str:
    """The label for `cause`: one of four words."""
    if isinstance(cause, ProviderTimeout):
        return "timeout"
    return "refused" if isinstance(cause, ProviderRefused) else "broke"
