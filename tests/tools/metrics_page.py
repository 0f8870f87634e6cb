"""docs/reference/metrics.md: every Prometheus metric of the three programs, read from their registries."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from understudy.api.evidence import Verdict
from understudy.api.status import Phase
from understudy.apps.agent.admission import Admission
from understudy.apps.agent.metrics import Metrics as AgentMetrics
from understudy.apps.controller.metrics import Metrics as ControllerMetrics
from understudy.apps.proxy.egress.genai import CANCELLED, CUT, OK, OTHER, RESPONSE_MODELS, STALLED
from understudy.apps.proxy.egress.listen_metrics import ListenMetrics
from understudy.apps.proxy.egress.metrics import EgressMetrics
from understudy.apps.proxy.metrics import Metrics as ProxyMetrics
from understudy.apps.proxy.scoring.failure import Result
from understudy.apps.proxy.scoring.metrics import ScoreMetrics
from understudy.base.clock import SystemClock
from understudy.domain.calls.observation import CallEnd, Defect
from understudy.domain.routing.document import Arm
from understudy.domain.routing.pool.breaker import State
from understudy.domain.routing.pool.step import Failure, Why
from understudy.domain.routing.pool.view import SharingView
from understudy.domain.slo.query import SampleKind
from understudy.domain.speech.listen_failure import FailureKind

HEADING = """# Metrics

Generated from the programs' registries by `make generate`; a test fails when it is out of date.

Labels are assistants, accounts, deployments, arms and fixed words, never a call or a caller: the number of series
depends on what is configured, not on time. Times are in seconds. A histogram has the series `_bucket`, `_sum` and
`_count`.

`gen_ai_*` are OpenTelemetry's conventions for generative AI (development status) in its Prometheus translation, with
the conventions' own buckets: `gen_ai.client.operation.duration` and so on. One observation is one request to a
provider, so those that were cut and fired again elsewhere are counted too; what an agent waited for is in
`understudy_model_first_clause_seconds`. For OTLP, let a collector scrape them:
[metrics and alerts](../operating/observing.md).

Without an ingress, `kubectl get --raw /api/v1/namespaces/NAMESPACE/pods/POD:9090/proxy/metrics` reads those of one pod.
"""

PROGRAMS = {
    "proxy": ("Routing-proxy", "Port 9090 of each pod of `NAME-proxy`."),
    "controller": ("Operator", "Port 9090 of the Service `understudy` in the namespace of the installation."),
    "agent": ("Agent", "Port 8080 of each pod of `NAME-agent-DIGEST`."),
}
"""Program → heading and where to scrape it."""


def _words(values: type[Enum]) -> str:
    return ", ".join(f"`{value.value}`" for value in values)


LABELS = {
    "assistant": "`namespace/name`",
    "account": "an account's name in `spec.accounts`",
    "deployment": "a deployment's name in `spec.model.deployments` or in the fallback plan",
    "arm": f"{_words(Arm)}: the one the call started on",
    "end": _words(CallEnd),
    "cause": "why it was dropped: `NoAgentCapacity`, `AgentLost`, `CarrierConnectionLost`, `CarrierStalled`, "
    "`CarrierReconnected`, `ModelUnavailable`, `TranscriberUnavailable`, `VoiceUnavailable`, `ProxyError`, "
    "`ProxyStopped`",
    "defect": _words(Defect),
    "stage": "`transcriber`, `model`, `voice`",
    "part": "`transcriber`, `model`, `voice`",
    "answered": "`true`, `false`",
    "phase": _words(Phase),
    "from": "`phase` before",
    "to": "`phase` after",
    "verdict": _words(Verdict),
    "kind": f"the controller's: a Kubernetes kind; a transcriber's failure: {_words(FailureKind)}",
    "request_kind": "what tells requests apart: a reasoning effort, `whole` (not streamed); empty: neither",
    "scorer": "`judge`, `webhook`",
    "state": _words(State),
    "why": f"what a request was fired for: {_words(Why)}",
    "purpose": "`first` of its turn, `explore`, `cut` (the one before was), `hedge`, `retry`, `continue`",
    "direction": "`sent`, `received`, `dropped`",
    "gen_ai_operation_name": "`chat`",
    "gen_ai_provider_name": "`openai` (and everything compatible), `azure.ai.openai`",
    "gen_ai_request_model": "the model that is asked for",
    "gen_ai_response_model": f"as the answer names it; `{OTHER}` after {RESPONSE_MODELS} names; empty: it names none",
    "gen_ai_token_type": "`input`, `output`",
    "server_address": "the provider's host",
    "server_port": "the provider's port",
    "error_type": "as `outcome` of a model; empty for a complete answer",
    "result": "reconciling: `ok`, `conflict`, `cluster`, `error`; polls: `ok`, `error`; Events: `posted`, "
    f"`suppressed`, `failed`; Prometheus: {_words(SampleKind)}; scores: {_words(Result)}",
    "outcome": f"models: `{OK}`, `{CUT}`, `{CANCELLED}`, `{STALLED}`, {_words(Failure)}; "
    "other providers: `ok`, `timeout`, `refused`, `broke`; webhook: `ok`, `no_webhook`, `no_secret`, `timeout`, "
    "`unreachable`, `refused`, `too_long`, `not_json`; the agent's tools: `ok`, `failed`, `ended` (it hung up); "
    "mirrored turns: `mirrored`, left out as `busy`, `limited` (a provider is near its limits), `ended` (no step asks "
    "for them any more), `cancelled` (the agent gave up)",
    "reason": "a rollout's move: the reason of its Event; "
    "refused by the proxy: `Draining`, `NotReady`; by the agent: `starting`, `draining`, `full`, "
    "`bad-start`; ended at the agent: `completed`, `hangup`, `limit`, `failed`",
}
"""Label → what it can be."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as Prometheus shows it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


def programs() -> dict[str, list[Metric]]:
    """Program → its metrics, by name."""
    proxy = ProxyMetrics()
    proxy.watch(list, SystemClock())
    proxy.watch_pools(list, SharingView)
    EgressMetrics(proxy.registry)
    ListenMetrics(proxy.registry)
    ScoreMetrics(proxy.registry)
    registries = {
        "proxy": proxy.registry,
        "controller": ControllerMetrics().registry,
        "agent": AgentMetrics(Admission(1)).registry,
    }
    return {name: sorted(_of(registry), key=lambda each: each.name) for name, registry in registries.items()}


def page(found: dict[str, list[Metric]]) -> str:
    """The whole page."""
    parts = [HEADING]
    for program, (title, where) in PROGRAMS.items():
        lines = "".join(f"{_line(metric)}\n" for metric in found[program])
        parts.append(f"## {title}\n\n{where}\n\n| metric | type | labels | what |\n|---|---|---|---|\n{lines}")
    labels = "".join(f"| `{label}` | {values} |\n" for label, values in LABELS.items())
    return "\n".join([*parts, f"## Labels\n\n| label | values |\n|---|---|\n{labels}"])


def _line(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.text.rstrip('.')} |"


def _of(registry: CollectorRegistry) -> Iterator[Metric]:
    collectors: dict[Any, Any] = registry._collector_to_names  # the library offers no other way to the labels
    for collector in collectors:
        wrapped = isinstance(collector, MetricWrapperBase)
        for family in [collector] if wrapped else collector.collect():
            name, kind, text = (
                (family._name, family._type, family._documentation)
                if wrapped
                else (family.name, family.type, family.documentation)
            )
            yield Metric(f"{name}_total" if kind == "counter" else name, kind, tuple(family._labelnames), text)
