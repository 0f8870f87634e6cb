"""Why a rollout moves: each rule looks at the facts and says one move or nothing; the first to speak wins.

To find out why something was rolled back, promoted or held, read this file from top to bottom. Nothing here changes
anything.
"""

from collections.abc import Callable

from understudy.api.rollout import OnInsufficientData, OnRegression
from understudy.api.status import Phase
from understudy.domain.rollout import blame
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.facts import Facts, same
from understudy.domain.rollout.inputs import EventType
from understudy.domain.rollout.move import Move
from understudy.domain.rollout.requests import answer_request
from understudy.domain.rollout.table import JUDGED, Trigger

Rule = Callable[[Facts], Move | None]

UNDER_WAY = frozenset({Phase.PREPARING, Phase.CANARY, Phase.PAUSED})
"""Phases that have a canary."""


def follow_the_spec(facts: Facts) -> Move | None:
    """A spec that asks for something else is followed at once, and nobody is blamed for what it replaces."""
    desired, rollout = facts.seen.desired, facts.rollout
    if desired is None or same(rollout.canary, desired):
        return None
    if rollout.stable is None:
        return Move(
            Trigger.REVISED, "FirstRevision", f"{desired.name} is the first revision and goes straight to stable"
        )
    if same(rollout.stable, desired):
        return _back_to_stable(facts)
    if rollout.rejected and rollout.rejected.name == desired.name:
        return None
    if facts.phase is Phase.INITIALIZING:
        return Move(
            Trigger.REVISED, "FirstRevision", f"{desired.name} replaces {rollout.stable.name}, which never served"
        )
    replaced = f", in place of canary {rollout.canary.name}" if rollout.canary else ""
    return Move(
        Trigger.REVISED,
        "RolloutStarted",
        f"the spec asks for {desired.name}{replaced}; stable is {rollout.stable.name}",
    )


def _back_to_stable(facts: Facts) -> Move | None:
    if facts.phase in UNDER_WAY or facts.phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK):
        return Move(Trigger.RESTORED, "SpecRestored", f"the spec asks for stable {facts.seen.desired.name} again")  # type: ignore[union-attr]
    return None


def stop_a_regression(facts: Facts) -> Move | None:
    """The canary is worse than stable, beyond chance and enough to matter."""
    reading, canary = facts.failing, facts.rollout.canary
    if facts.phase not in JUDGED or reading is None or canary is None:
        return None
    if facts.seen.policy.on_regression is OnRegression.ROLLBACK:
        why = blame.regression(canary.name, reading, facts.now)
        return Move(Trigger.FAILED, "RollingBack", why.message, EventType.WARNING, blame=why)
    if facts.rollout.pause_reason == "Regression":
        return None
    message = f"{canary.name} fails {reading.slo}; new calls go to stable until abort or retry: {reading.message}"
    return Move(Trigger.PAUSED, "Regression", message, EventType.WARNING)


def stop_what_does_not_start(facts: Facts) -> Move | None:
    """The canary's agent pods are not ready, or its keys not there, within `progressDeadline`."""
    canary = facts.rollout.canary
    if facts.phase not in UNDER_WAY or canary is None or facts.canary_ready:
        return None
    deadline = facts.seen.policy.progress_deadline
    if facts.since(facts.rollout.not_ready_since) < stepping.seconds(deadline):
        return None
    why = blame.not_started(canary, facts.agents_of(canary), facts.keyless, deadline, facts.now)
    return Move(Trigger.FAILED, "RollingBack", why.message, EventType.WARNING, blame=why)


def begin(facts: Facts) -> Move | None:
    """What was waited for can take calls."""
    stable = facts.rollout.stable
    if facts.phase is Phase.INITIALIZING and stable and facts.acknowledged and facts.agents_of(stable).enough:
        return Move(Trigger.READY, "Serving", f"{stable.name} serves all calls on {facts.ready_proxies} proxies")
    if facts.phase is Phase.PREPARING and facts.rollout.canary and facts.canary_ready and facts.acknowledged:
        first = stepping.words(facts.steps[0])
        return Move(Trigger.READY, "CanaryStarted", f"{facts.rollout.canary.name} can take calls; step 1: {first}")
    return None


def settle(facts: Facts) -> Move | None:
    """Every proxy that counts does what was decided; on a rollback one that cannot be reached is not waited for."""
    if facts.phase is Phase.PROMOTING and facts.acknowledged and facts.rollout.stable:
        return Move(Trigger.SETTLED, "Promoted", f"{facts.rollout.stable.name} serves all new calls")
    if facts.phase is Phase.ROLLING_BACK and (facts.acknowledged or facts.lease_over):
        how = "acknowledged by every proxy" if facts.acknowledged else "the canary's leases have run out"
        cause = facts.rollout.last_rollback.message if facts.rollout.last_rollback else ""
        return Move(Trigger.SETTLED, "RolledBack", f"stable serves all new calls ({how}): {cause}", EventType.WARNING)
    return None


def hold_or_go_on(facts: Facts) -> Move | None:
    """The steps, one at a time."""
    if facts.phase is not Phase.CANARY or facts.both_arms_bad:
        return None
    step = facts.step
    if step is None:
        return _promote(facts) or _out_of_patience(facts)
    if step.set_weight is not None:
        return _next_step(facts) if _weight_is_served(facts) else _out_of_patience(facts)
    if step.pause is None or step.pause.duration is None:
        return Move(Trigger.PAUSED, "PauseStep", f"step {_label(facts)} waits for resume or promote")
    if facts.since(facts.rollout.step_since) >= stepping.seconds(step.pause.duration):
        return _next_step(facts)
    return None


def _weight_is_served(facts: Facts) -> bool:
    wanted = stepping.calls_wanted(facts.steps, facts.rollout.step_index, facts.seen.policy.min_calls)
    return facts.rollout.acked_since is not None and facts.rollout.canary_calls >= wanted


def _label(facts: Facts) -> str:
    return stepping.label(facts.steps, facts.rollout.step_index)


def _next_step(facts: Facts) -> Move:
    done, following = _label(facts), facts.rollout.step_index + 1
    if following < len(facts.steps):
        what = f"step {following + 1}: {stepping.words(facts.steps[following])}"
    else:
        what = "every step is done; the verdict decides"
    return Move(
        Trigger.STEPPED, "StepDone", f"step {done} is done after {facts.rollout.canary_calls} canary calls; {what}"
    )


def _promote(facts: Facts) -> Move | None:
    if not facts.passing or facts.rollout.canary is None:
        return None
    readings = "; ".join(reading.message for reading in facts.rollout.readings)
    return Move(Trigger.FINISHED, "Promoting", f"{facts.rollout.canary.name} passed every SLO: {readings}")


def _out_of_patience(facts: Facts) -> Move | None:
    """The calls that would settle it did not come within `dataDeadline`."""
    policy, canary = facts.seen.policy, facts.rollout.canary
    if canary is None or facts.since(facts.rollout.step_since) < stepping.seconds(policy.data_deadline):
        return None
    message = blame.lacking(canary.name, facts.rollout.canary_calls, policy)
    match policy.on_insufficient_data:
        case OnInsufficientData.HOLD:
            return None
        case OnInsufficientData.PAUSE:
            return Move(Trigger.PAUSED, "InsufficientData", message, EventType.WARNING)
        case OnInsufficientData.ROLLBACK:
            why = blame.plain(canary.name, "InsufficientData", message, facts.now)
            return Move(Trigger.FAILED, "RollingBack", message, EventType.WARNING, blame=why)
        case OnInsufficientData.PROMOTE:
            return _promote_anyway(facts, message)


def _promote_anyway(facts: Facts, message: str) -> Move | None:
    """Only what lacks calls: a canary that looks worse, if not beyond chance, is not promoted for want of proof."""
    if not facts.only_calls_missing:
        return None
    if facts.step is None:
        return Move(Trigger.FINISHED, "Promoting", f"{message}; the policy says Promote", EventType.WARNING)
    return _next_step(facts) if facts.rollout.acked_since else None


RULES: tuple[Rule, ...] = (
    follow_the_spec,
    stop_a_regression,
    stop_what_does_not_start,
    answer_request,
    begin,
    settle,
    hold_or_go_on,
)
"""In order of precedence: what the user wants, what protects callers, what someone asks for, progress."""


def next_move(facts: Facts) -> Move | None:
    """The one thing to do now; None to wait."""
    return next((move for rule in RULES if (move := rule(facts))), None)
