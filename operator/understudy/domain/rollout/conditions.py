"""The state of a rollout as Kubernetes conditions, so that `kubectl wait` and `describe` tell what goes on and why."""

from understudy.api.status import Condition, ConditionStatus, ConditionType, Phase
from understudy.domain.rollout import blame
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.apply import shortened
from understudy.domain.rollout.facts import Facts, counts, same
from understudy.domain.rollout.rules import UNDER_WAY
from understudy.domain.rollout.times import to_text

Finding = tuple[bool, str, str]
"""(whether it holds, reason, message)."""

_MOVING = UNDER_WAY | {Phase.INITIALIZING, Phase.PROMOTING, Phase.ROLLING_BACK}


def conditions(facts: Facts) -> tuple[Condition, ...]:
    """All conditions; each keeps the time of its last change. ProviderRetired is there only while it holds."""
    findings: dict[ConditionType, Finding] = {
        "Ready": _ready(facts),
        "Progressing": _progressing(facts),
        "Promoted": _promoted(facts),
        "Degraded": _degraded(facts),
        "PlanValid": _plan_valid(facts),
        "Stalled": _stalled(facts),
    }
    if facts.seen.retired:
        findings["ProviderRetired"] = (True, "ShutDown", "; ".join(facts.seen.retired))
    return tuple(_condition(facts, kind, finding) for kind, finding in findings.items())


def _condition(facts: Facts, kind: ConditionType, finding: Finding) -> Condition:
    holds, reason, message = finding
    status = ConditionStatus.TRUE if holds else ConditionStatus.FALSE
    before = next((each for each in facts.seen.status.conditions if each.type == kind), None)
    unchanged = before is not None and before.status is status
    return Condition(
        type=kind,
        status=status,
        observed_generation=facts.seen.generation,
        last_transition_time=before.last_transition_time if before and unchanged else to_text(facts.now),
        reason=reason,
        message=shortened(message),
    )


def _last_line(facts: Facts) -> str:
    return facts.rollout.history[-1].message if facts.rollout.history else ""


def _why_rolled_back(facts: Facts) -> str:
    return facts.rollout.last_rollback.message if facts.rollout.last_rollback else ""


def _ready(facts: Facts) -> Finding:
    stable = facts.rollout.stable
    if stable is None:
        return (False, "NoRevision", facts.seen.invalid or "no revision has been made yet")
    if facts.ready_proxies == 0:
        return (False, "ProxiesNotReady", f"none of {len(facts.seen.proxies)} proxy pods is ready")
    agents = facts.agents_of(stable)
    if not agents.enough:
        return (
            False,
            "AgentsNotReady",
            f"{agents.ready} of {agents.wanted} agent pods of {stable.agent_service} are ready",
        )
    if facts.phase is Phase.INITIALIZING:
        return (
            False,
            "Initializing",
            f"{facts.acked_proxies} of {facts.ready_proxies} ready proxies know {stable.name}",
        )
    return (True, "Serving", f"{stable.name} takes calls on {facts.ready_proxies} proxies")


def _progressing(facts: Facts) -> Finding:
    return (facts.phase in _MOVING, facts.phase.value, _last_line(facts))


def _promoted(facts: Facts) -> Finding:
    rollout = facts.rollout
    if facts.seen.invalid:
        return (False, facts.seen.invalid_reason, facts.seen.invalid)
    if facts.phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK):
        return (False, "RolledBack", _why_rolled_back(facts))
    if facts.phase is Phase.STABLE and rollout.stable and same(rollout.stable, facts.seen.desired):
        return (True, "Promoted", f"{rollout.stable.name} is what the spec asks for and takes all calls")
    return (False, facts.phase.value, _last_line(facts))


def _degraded(facts: Facts) -> Finding:
    bad = next((each for each in facts.rollout.readings if each.reason == "BothArmsBad"), None)
    if bad and facts.rollout.canary:
        return (True, "BothArmsBad", f"{bad.slo}: {bad.message}; the rollout holds")
    silent = [pod.pod for pod in facts.seen.proxies if counts(pod) and pod.report is None]
    if silent:
        return (True, "ProxiesSilent", f"{', '.join(silent)} ready for calls, but silent towards the operator")
    return (False, "AsExpected", "")


def _plan_valid(facts: Facts) -> Finding:
    if facts.seen.invalid:
        return (False, facts.seen.invalid_reason or "InvalidSpec", facts.seen.invalid)
    if facts.seen.unused:
        return (False, facts.seen.unused_reason, facts.seen.unused)
    return (True, "Warnings" if facts.seen.warnings else "Valid", "; ".join(facts.seen.warnings))


def _stalled(facts: Facts) -> Finding:
    """Whether nothing moves until someone acts."""
    rollout = facts.rollout
    if facts.phase is Phase.ROLLED_BACK:
        return (True, "RolledBack", f"{_why_rolled_back(facts)}; change the spec, or ask for retry")
    if facts.phase is Phase.PAUSED:
        return (True, rollout.pause_reason or "Paused", _last_line(facts))
    if facts.seen.invalid:
        return (True, facts.seen.invalid_reason or "InvalidSpec", facts.seen.invalid)
    if facts.phase is Phase.CANARY and rollout.canary and _waits_too_long(facts):
        return (True, "TrafficTooLow", blame.lacking(rollout.canary.name, rollout.canary_calls, facts.seen.policy))
    return (False, "Moving" if facts.phase in _MOVING else "Settled", "")


def _waits_too_long(facts: Facts) -> bool:
    waits_for_calls = facts.step is None or facts.step.set_weight is not None
    deadline_s = stepping.seconds(facts.seen.policy.data_deadline)
    return waits_for_calls and facts.since(facts.rollout.step_since) >= deadline_s
