"""The state of a rollout as Kubernetes conditions, so that `kubectl wait` and `describe` tell what goes on and why."""

from understudy.api.status import Condition, ConditionStatus, ConditionType, Phase
from understudy.domain.rollout import blame, traffic
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.facts import Facts, same
from understudy.domain.rollout.shortening import shortened
from understudy.domain.rollout.table import UNDER_WAY
from understudy.domain.rollout.times import to_text

Finding = tuple[bool, str, str]
"""(whether it holds, reason, message)."""

_MOVING = UNDER_WAY | {Phase.INITIALIZING, Phase.PROMOTING, Phase.BAKING, Phase.ROLLING_BACK}

_TAKEN_BACK = (Phase.ROLLING_BACK, Phase.ROLLED_BACK)


def conditions(facts: Facts) -> tuple[Condition, ...]:
    """All conditions; each keeps the time of its last change. ProviderRetired is there only while it holds."""
    findings: dict[ConditionType, Finding] = {
        "Ready": _ready(facts),
        "Progressing": _progressing(facts),
        "Promoted": _promoted(facts),
        "Degraded": _degraded(facts),
        "PlanValid": _plan_valid(facts),
        "Stalled": _stalled(facts),
        "TrafficTooLow": _traffic_too_low(facts),
        "SpecRejected": _spec_rejected(facts),
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
    if facts.phase in _TAKEN_BACK:
        return (False, "RolledBack", _why_rolled_back(facts))
    if facts.phase is Phase.STABLE and rollout.stable and same(rollout.stable, facts.seen.desired):
        return (True, "Promoted", f"{rollout.stable.name} is what the spec asks for and takes all calls")
    return (False, facts.phase.value, _last_line(facts))


def _degraded(facts: Facts) -> Finding:
    if (bad := facts.outage) and facts.rollout.canary:
        held = "; the rollout holds" if facts.held else "; onStableFailing lets it pass"
        return (True, "BothArmsBad", f"{bad.slo}: {bad.message}{held}")
    if facts.silent:
        return (True, "ProxiesSilent", f"{', '.join(facts.silent)} ready for calls, but silent towards the operator")
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
    if rollout.queued:
        return (True, "WaitsInLine", rollout.queued)
    return _never_begins(facts) or _waiting(facts) or (False, "Moving" if facts.phase in _MOVING else "Settled", "")


def _never_begins(facts: Facts) -> Finding | None:
    """What should have begun within `progressDeadline`, and hurts no caller by not beginning."""
    if not facts.overdue:
        return None
    if facts.phase is Phase.INITIALIZING and facts.rollout.stable:
        return (True, "ProgressDeadlineExceeded", _ready(facts)[2])
    if facts.phase is Phase.PREPARING and facts.canary_ready and not facts.acknowledged:
        known = f"{facts.acked_proxies} of {facts.ready_proxies} ready proxies know {_canary(facts)}"
        return (True, "ProxiesSilent", f"{known}; it starts once all do")
    return None


def _canary(facts: Facts) -> str:
    return facts.rollout.canary.name if facts.rollout.canary else ""


def _waiting(facts: Facts) -> Finding | None:
    """A canary whose step waits longer than it should: for calls, or for something that calls alone do not bring."""
    canary, rollout, policy = facts.rollout.canary, facts.rollout, facts.seen.policy
    waits_for_calls = facts.step is None or not (facts.step.pause or facts.step.replay)
    if facts.phase is not Phase.CANARY or canary is None or not waits_for_calls:
        return None
    deadline = stepping.patience(facts.step, policy)
    if facts.since(rollout.step_since) < stepping.seconds(deadline):
        return None
    if facts.silent and rollout.acked_since is None:
        return (True, "ProxiesSilent", _degraded(facts)[2])
    if traffic.too_low(facts):
        return (True, "TrafficTooLow", traffic.in_words(facts))
    held = "BothArmsBad" if facts.outage and facts.held else "NoVerdict"
    return (True, held, blame.lacking(canary.name, rollout.canary_calls, deadline, policy))


def _traffic_too_low(facts: Facts) -> Finding:
    if traffic.too_low(facts):
        return (True, "TrafficTooLow", traffic.in_words(facts))
    return (False, "Enough" if facts.phase is Phase.CANARY else "NotWaiting", "")


def _spec_rejected(facts: Facts) -> Finding:
    """A repository that still holds what was taken back starts nothing anew; saying so is all there is to do."""
    rejected, desired = facts.rollout.rejected, facts.seen.desired
    if rejected is None or desired is None or rejected.name != desired.name:
        return (False, "Accepted", "")
    why = facts.rollout.last_rollback
    reason = why.reason if why and why.revision == rejected.name else "TakenBack"
    story = f": {why.message}" if why and why.revision == rejected.name else ""
    message = (
        f"the spec still asks for {rejected.name}, which was taken back{story}; change the spec, or "
        f"`kubectl understudy retry {facts.seen.assistant}` tries it again"
    )
    return (True, reason, message)
