"""What Prometheus reads of mirrored turns: counted apart from callers', since nobody waits for them."""

from prometheus_client import CollectorRegistry, Counter

from understudy.apps.proxy.egress.genai import ModelRequests, ShotEnd
from understudy.apps.proxy.egress.metrics import EgressMetrics
from understudy.domain.revision.snapshot import ModelTarget
from understudy.domain.routing.pool.step import Why

MIRRORED = "mirrored"
"""Outcome: the canary was asked, and what came of it is evidence."""
BUSY = "busy"
"""Outcome: left out, as this process has enough to do."""
LIMITED = "limited"
"""Outcome: left out, or no evidence, as a provider is near its limits."""
ENDED = "ended"
"""Outcome: left out, as the canary is not mirrored to any more."""
CANCELLED = "cancelled"
"""Outcome: the agent gave up its own request, so that there is nothing to compare with."""


class ShadowMetrics:
    """The collectors.

    Args:
        registry: the process's.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._turns = Counter(
            "understudy_shadow_turns",
            "Turns chosen to be mirrored to the canary's model, by what became of the mirror.",
            ("assistant", "outcome"),
            registry=registry,
        )
        self._tokens = Counter(
            "understudy_shadow_tokens",
            "Tokens of mirrored requests: as the provider counted them, or estimated where it did not.",
            ("account", "deployment", "gen_ai_token_type"),
            registry=registry,
        )

    def turn(self, assistant: str, outcome: str) -> None:
        """One turn."""
        self._turns.labels(assistant, outcome).inc()

    def spent(self, target: ModelTarget, prompt: int, answer: int) -> None:
        """One request, with so many tokens."""
        self._tokens.labels(target.account, target.name, "input").inc(prompt)
        self._tokens.labels(target.account, target.name, "output").inc(answer)


class MirrorMetrics(EgressMetrics):
    """The egress's, for mirrored turns: what is told of callers' requests is kept from Prometheus.

    Args:
        models: the process's requests to models, where mirrored ones are counted as such.
    """

    def __init__(self, models: ModelRequests) -> None:
        super().__init__(CollectorRegistry())
        self.models = _MirrorRequests(models)


class _MirrorRequests(ModelRequests):
    def __init__(self, models: ModelRequests) -> None:
        super().__init__(CollectorRegistry())
        self._told = models

    def record(self, end: ShotEnd) -> None:
        """Count one request."""
        self._told.record(end._replace(why=Why.SHADOW))
