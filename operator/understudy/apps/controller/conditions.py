"""What the reconciler itself found out, laid over the conditions that `advance` decided.

`advance` knows the rollout; it does not know that a Secret is missing, an image cannot be pulled or that the API server
refuses an object. Conditions keep their transition time while their status stays what is stored.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from understudy.api.status import Condition, ConditionStatus, VoiceAssistantStatus
from understudy.base.errors import InvalidInput
from understudy.domain.calls.observation import CredentialProblem, ProxyReport

MAX_MESSAGE = 2000
"""Characters: as much as anyone reads in `kubectl describe`."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong besides the rollout."""

    credentials: tuple[CredentialProblem, ...] = ()
    pods: tuple[str, ...] = ()
    """Lines of `pod_troubles`."""
    refused: tuple[str, ...] = ()
    """What the API server said to our writes."""
    judge: InvalidInput | None = None
    """Why the model that should score calls is not asked."""

    def degraded(self) -> tuple[str, str] | None:
        """Reason and message for the condition Degraded, the most useful first; None when all is well."""
        if self.refused:
            return ("WriteRefused", "; ".join(self.refused))
        if self.credentials:
            return (self.credentials[0].reason, "; ".join(_credential(each) for each in self.credentials))
        if self.pods:
            return ("PodsFailing", "; ".join(self.pods))
        return None


def _credential(problem: CredentialProblem) -> str:
    return f"account {problem.account}, Secret {problem.secret}: {problem.message or problem.reason}"


def credential_problems(reports: Iterable[ProxyReport]) -> tuple[CredentialProblem, ...]:
    """What the proxies say about Secrets, each thing once."""
    found = {(each.account, each.secret, each.reason): each for report in reports for each in report.problems}
    return tuple(found[key] for key in sorted(found))


def with_findings(
    decided: VoiceAssistantStatus, stored: VoiceAssistantStatus, findings: Findings, generation: int, now: float
) -> VoiceAssistantStatus:
    """`decided` with the findings in its conditions.

    Args:
        decided: what `advance` wants.
        stored: the status as last written.
        findings: what the reconciler found.
        generation: of the spec.
        now: seconds since the epoch.
    """
    conditions = {each.type: each for each in decided.conditions}
    conditions |= {each.type: each for each in _found(conditions, findings, generation, now)}
    if findings.pods:
        for kind in ("Ready", "Progressing"):
            if kind in conditions:
                conditions[kind] = _explained(conditions[kind], findings.pods)
    known = {each.type: each for each in stored.conditions}
    kept = tuple(_keep_time(each, known.get(each.type)) for each in conditions.values())
    return decided.model_copy(update={"conditions": kept})


def _found(decided: Mapping[str, Condition], findings: Findings, generation: int, now: float) -> Iterator[Condition]:
    """Conditions that the findings make worse than was decided; what was bad already keeps its own words."""
    degraded, plan_valid = decided.get("Degraded"), decided.get("PlanValid")
    if (worse := findings.degraded()) and (findings.refused or not _is(degraded, ConditionStatus.TRUE)):
        yield _condition("Degraded", ConditionStatus.TRUE, *worse, generation=generation, now=now)
    if (judge := findings.judge) and _is(plan_valid, ConditionStatus.TRUE):
        yield _condition("PlanValid", ConditionStatus.FALSE, judge.reason, str(judge), generation=generation, now=now)


def _is(condition: Condition | None, status: ConditionStatus) -> bool:
    return condition is not None and condition.status is status


def _explained(condition: Condition, lines: tuple[str, ...]) -> Condition:
    """A condition that says something is awaited, with what keeps it."""
    waiting = condition.status is (ConditionStatus.FALSE if condition.type == "Ready" else ConditionStatus.TRUE)
    if not waiting:
        return condition
    message = f"{condition.message} ({'; '.join(lines)})"[:MAX_MESSAGE]
    return condition.model_copy(update={"message": message})


def _keep_time(condition: Condition, known: Condition | None) -> Condition:
    if known is None or known.status is not condition.status:
        return condition
    return condition.model_copy(update={"last_transition_time": known.last_transition_time})


def _condition(
    kind: str, status: ConditionStatus, reason: str, message: str, *, generation: int, now: float
) -> Condition:
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Condition(
        type=kind,
        status=status,
        observed_generation=generation,
        last_transition_time=at,
        reason=reason,
        message=message[:MAX_MESSAGE],
    )
