"""Who is judged by what Prometheus says, and by which of its answers."""

from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.rollout import Slo
from understudy.api.status import Phase, VoiceAssistantStatus
from understudy.apps.controller.ports import Key
from understudy.domain.rollout.table import JUDGED
from understudy.domain.slo.promql import Subject


def slos(spec: VoiceAssistantSpec | None, status: VoiceAssistantStatus) -> tuple[Slo, ...]:
    """SLOs with a query, while somebody is judged; nobody is asked otherwise."""
    judged = status.rollout.phase in JUDGED | {Phase.BAKING}
    if spec is None or not judged:
        return ()
    return tuple(slo for slo in spec.slos or () if slo.prometheus)


def subject(key: Key, status: VoiceAssistantStatus) -> Subject:
    """What a query's `$canary` and `$stable` stand for; while baking, what was promoted and the one before it."""
    rollout = status.rollout
    baking = rollout.phase is Phase.BAKING
    canary, stable = (rollout.stable, rollout.previous) if baking else (rollout.canary, rollout.stable)
    return Subject(key.namespace, key.name, canary.name if canary else "", stable.name if stable else "")
