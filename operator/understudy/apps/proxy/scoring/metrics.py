"""What Prometheus reads of scores. Labels are assistants, arms and enumerations (P15)."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from understudy.apps.proxy.scoring.failure import Result
from understudy.domain.routing.document import Arm

TENTHS = tuple(round(step / 10, 1) for step in range(1, 11))
"""Of a score: the judge's own steps."""

SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0)
"""From a quick webhook to the longest timeout."""


class ScoreMetrics:
    """The collectors."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._results = Counter(
            "understudy_scores",
            "Scores of finished calls that were due, by what became of them.",
            ("assistant", "scorer", "result"),
            registry=registry,
        )
        self._took = Histogram(
            "understudy_score_seconds",
            "From the end of a call to its score, or to the failure.",
            ("assistant", "scorer"),
            buckets=SECONDS,
            registry=registry,
        )
        self._scores = Histogram(
            "understudy_call_score",
            "Scores of finished calls, 0 (worst) to 1 (best).",
            ("assistant", "arm", "scorer"),
            buckets=TENTHS,
            registry=registry,
        )

    def passed_over(self, assistant: str, scorer: str, result: Result) -> None:
        """A score was due and not asked for."""
        self._results.labels(assistant, scorer, result.value).inc()

    def asked(self, assistant: str, scorer: str, result: Result, seconds: float) -> None:
        """A score was asked for, which took so long."""
        self._results.labels(assistant, scorer, result.value).inc()
        self._took.labels(assistant, scorer).observe(seconds)

    def score(self, assistant: str, scorer: str, arm: Arm, score: float) -> None:
        """A call's score."""
        self._scores.labels(assistant, arm.value, scorer).observe(score)
