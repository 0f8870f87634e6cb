"""What Prometheus reads of model requests, under the names of OpenTelemetry's conventions for generative AI.

Names, attributes and bucket boundaries: open-telemetry/semantic-conventions-genai, "Generative AI client metrics"
(development status), in OpenTelemetry's Prometheus translation: dots become underscores, the unit a suffix. Our own
labels `account` and `deployment` stand beside theirs, because a pool's deployments may share host and model. What the
conventions have no name for is counted in `understudy_model_*`.
"""

from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Counter, Histogram

from understudy.domain.revision.snapshot import Account, ModelTarget
from understudy.domain.routing.pool.step import Why
from understudy.domain.routing.providers import AZURE_OPENAI

DURATION_BUCKETS_S = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Seconds; the conventions' own."""

TOKEN_BUCKETS = tuple(float(4**power) for power in range(14))
"""Tokens; the conventions' own: 1 to 67108864."""

CUT = "cut"
"""Outcome: given up because its first clause took too long."""
CANCELLED = "cancelled"
"""Outcome: nobody waited for it any more: another one won, or the agent went away."""
STALLED = "stalled"
"""Outcome: silent for too long after its first output."""
OK = "ok"
"""Outcome: a complete answer."""

RESPONSE_MODELS = 4
"""Names of models that are told apart in one deployment's answers: dated versions of what was asked for."""

OTHER = "_OTHER"
"""OpenTelemetry's word for what is not told apart."""

_PROVIDERS = {AZURE_OPENAI: "azure.ai.openai"}
_PORTS = {"http": "80", "https": "443"}
_CHAT = "chat"

_SERVED = (
    "gen_ai_operation_name",
    "gen_ai_provider_name",
    "gen_ai_request_model",
    "server_address",
    "server_port",
    "account",
    "deployment",
)


class ShotEnd(NamedTuple):
    """What became of one request to one deployment.

    Attributes:
        account: where it went.
        target: what for.
        why: what it was fired for.
        seconds: from firing to its end.
        outcome: `OK`, `CUT`, `CANCELLED`, `STALLED`, or the value of a `Failure`.
        first_chunk_s: from firing to the first chunk with content; None: none came, or the answer was not streamed.
        response_model: what the answer calls its model; empty: it does not say.
        input_tokens: billed for the prompt; None: the provider did not say.
        output_tokens: billed for the answer; None: the provider did not say.
        wasted_tokens: estimate of what a request that was given up will be billed for; providers report none.
    """

    account: Account
    target: ModelTarget
    why: Why
    seconds: float
    outcome: str = OK
    first_chunk_s: float | None = None
    response_model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    wasted_tokens: int = 0


class ModelRequests:
    """Counts the requests to models.

    Args:
        registry: the process's.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._duration = Histogram(
            "gen_ai_client_operation_duration_seconds",
            "Request to a model, from firing to its end; `error_type` is empty for complete answers.",
            (*_SERVED, "gen_ai_response_model", "error_type"),
            buckets=DURATION_BUCKETS_S,
            registry=registry,
        )
        self._first_chunk = Histogram(
            "gen_ai_client_operation_time_to_first_chunk_seconds",
            "Streamed request to a model, from firing to the first chunk with content.",
            _SERVED,
            buckets=DURATION_BUCKETS_S,
            registry=registry,
        )
        self._tokens = Histogram(
            "gen_ai_client_token_usage",
            "Tokens of a request, where the provider reported them.",
            (*_SERVED, "gen_ai_response_model", "gen_ai_token_type"),
            buckets=TOKEN_BUCKETS,
            registry=registry,
        )
        self._requests = Counter(
            "understudy_model_requests",
            "Requests to models, by what they were fired for and what became of them.",
            ("account", "deployment", "why", "outcome"),
            registry=registry,
        )
        self._wasted = Counter(
            "understudy_model_tokens_cancelled_estimated",
            "Tokens of requests that were given up; an estimate, as no provider reports them.",
            ("account", "deployment"),
            registry=registry,
        )
        self._names: dict[tuple[str, str], set[str]] = {}
        self._children: dict[tuple[object, ...], Any] = {}

    def record(self, end: ShotEnd) -> None:
        """Count one request."""
        account, target, series = end.account.name, end.target.name, self._series
        model = self._known_model(end)
        error = "" if end.outcome == OK else end.outcome
        served = _served(end.account.provider, end.account.base_url, end.target.model, account, target)
        series(self._requests, account, target, end.why.value, end.outcome).inc()
        series(self._duration, *served, model, error).observe(end.seconds)
        if end.first_chunk_s is not None:
            series(self._first_chunk, *served).observe(end.first_chunk_s)
        for kind, tokens in (("input", end.input_tokens), ("output", end.output_tokens)):
            if tokens is not None:
                series(self._tokens, *served, model, kind).observe(tokens)
        if end.wasted_tokens:
            series(self._wasted, account, target).inc(end.wasted_tokens)

    def _series(self, metric: Counter | Histogram, *labels: str) -> Any:
        """The series of `metric` with these labels, kept: the library's own look-up costs as much as the rest."""
        key = (metric, labels)
        found = self._children.get(key)
        if found is None:
            found = self._children[key] = metric.labels(*labels)
        return found

    def _known_model(self, end: ShotEnd) -> str:
        """The answer's model as a label; one that answers with ever new names gets `OTHER`."""
        if not end.response_model:
            return ""
        known = self._names.setdefault((end.account.name, end.target.name), set())
        if end.response_model in known:
            return end.response_model
        if len(known) >= RESPONSE_MODELS:
            return OTHER
        known.add(end.response_model)
        return end.response_model


@lru_cache(maxsize=4096)
def _served(provider: str, base_url: str, model: str, account: str, deployment: str) -> tuple[str, ...]:
    """The labels that say where a request went, in the order of `_SERVED`."""
    url = urlsplit(base_url)
    port = str(url.port) if url.port else _PORTS.get(url.scheme, "")
    return (_CHAT, _PROVIDERS.get(provider, provider), model, url.hostname or "", port, account, deployment)
