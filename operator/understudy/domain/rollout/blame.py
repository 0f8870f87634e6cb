"""The reason of a rollback, in full: metric, value, stable's value, objective, samples, time (P7)."""

from understudy.api.evidence import Reading
from understudy.api.rollout import RolloutSpec
from understudy.api.status import Revision, RollbackReason
from understudy.domain.calls.observation import CredentialProblem, Stopped
from understudy.domain.rollout.inputs import AgentPods
from understudy.domain.rollout.times import to_text


def regression(canary: str, reading: Reading, now: float) -> RollbackReason:
    """The canary failed `reading`'s SLO."""
    return RollbackReason(
        revision=canary,
        reason="SloFailed",
        message=f"{canary} fails {reading.slo}: {reading.message}",
        at=to_text(now),
        slo=reading.slo,
        metric=reading.metric,
        value=reading.value,
        stable_value=reading.stable_value,
        threshold=reading.threshold,
        canary_calls=reading.canary_calls,
        stable_calls=reading.stable_calls,
        evidence=reading.evidence,
    )


def plain(canary: str, reason: str, message: str, now: float) -> RollbackReason:
    """A rollback that no SLO is the reason of."""
    return RollbackReason(revision=canary, reason=reason, message=message, at=to_text(now))


def not_started(
    canary: Revision, agents: AgentPods, keyless: CredentialProblem | None, deadline: str, now: float
) -> RollbackReason:
    """The canary's agent pods did not get ready, or a key that it needs did not come."""
    lacks = f"{agents.ready} of {agents.wanted} agent pods of {canary.agent_service} are ready"
    if keyless:
        lacks = f"account {keyless.account}: {keyless.message}"
    return plain(
        canary.name, "ProgressDeadlineExceeded", f"{canary.name}: {lacks}, longer than progressDeadline {deadline}", now
    )


def agents_failing(revision: Revision, agents: AgentPods, now: float) -> RollbackReason:
    """Agent pods of the revision will not start by themselves."""
    return plain(revision.name, "AgentsFailing", f"{revision.name}: {agents.failing}", now)


def ceiling(pod: str, stopped: Stopped, now: float) -> RollbackReason:
    """A proxy found the canary beyond a ceiling."""
    message = (
        f"{stopped.revision} is beyond the ceiling of {stopped.slo}: {stopped.value_percent:.4g} % in {stopped.calls} "
        f"calls on {pod}; ceiling {stopped.ceiling_percent:.4g} %"
    )
    return plain(stopped.revision, "CeilingReached", message, now).model_copy(
        update={
            "slo": stopped.slo,
            "value": stopped.value_percent,
            "threshold": stopped.ceiling_percent,
            "canary_calls": stopped.calls,
        }
    )


def lacking(canary: str, calls: int, deadline: str, policy: RolloutSpec) -> str:
    """What to say when the calls that would settle the verdict do not come."""
    return (
        f"{canary}: {calls} finished canary calls and no verdict within the deadline of {deadline}; "
        f"minCalls is {policy.min_calls}"
    )
