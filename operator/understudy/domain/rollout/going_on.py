"""The steps, one at a time, and what follows when the calls that would end one do not come."""

from understudy.api.rollout import OnInsufficientData
from understudy.api.status import Phase
from understudy.domain.rollout import blame, mirroring, replaying
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.inputs import EventType, Request
from understudy.domain.rollout.move import Move
from understudy.domain.rollout.table import Trigger


def take_the_next_step(facts: Facts) -> Move | None:
    """The step under way has what it waited for; after the last one, every SLO has passed."""
    if facts.phase is not Phase.CANARY or facts.held:
        return None
    step = facts.step
    if step is None:
        return _promote(facts)
    if step.pause:
        return _pause(facts, step.pause.duration)
    return _next_step(facts) if _is_done(facts) else None


def _is_done(facts: Facts) -> bool:
    """Whether the step, which is no pause, has what it waits for."""
    step = facts.step
    if step is None:
        return False
    if step.replay:
        return replaying.passed(facts)
    if step.shadow:
        return mirroring.passed(facts)
    wanted = stepping.calls_wanted(facts.steps, facts.rollout.step_index, facts.seen.policy.min_calls)
    return facts.rollout.acked_since is not None and facts.rollout.canary_calls >= wanted


def _pause(facts: Facts, duration: str | None) -> Move | None:
    if duration is None:
        return Move(Trigger.PAUSED, "PauseStep", f"step {label(facts)} waits for resume or promote")
    return _next_step(facts) if facts.since(facts.rollout.step_since) >= stepping.seconds(duration) else None


def label(facts: Facts) -> str:
    """`2/5`."""
    return stepping.label(facts.steps, facts.rollout.step_index)


def _next_step(facts: Facts) -> Move:
    story = f"step {label(facts)} is done after {_spent(facts)}; {following(facts)}"
    return Move(Trigger.STEPPED, "StepDone", story)


def _spent(facts: Facts) -> str:
    """What the step saw."""
    step, rollout = facts.step, facts.rollout
    if step and step.replay:
        return replaying.in_words(rollout.replay) or "its golden calls"
    if step and step.shadow:
        return f"{rollout.shadow.calls if rollout.shadow else 0} mirrored calls"
    return f"{rollout.canary_calls} canary calls"


def following(facts: Facts) -> str:
    """What comes after the step under way."""
    index = facts.rollout.step_index + 1
    if index < len(facts.steps):
        return f"step {index + 1}: {stepping.words(facts.steps[index])}"
    return "every step is done; the verdict decides"


def skipped(facts: Facts, request: Request) -> Move:
    """Someone asks for the next step now."""
    message = f"step {label(facts)} is cut short on request {request.id}; {following(facts)}"
    return Move(Trigger.STEPPED, "PromotionRequested", message, request=request)


def _promote(facts: Facts) -> Move | None:
    if not facts.passing or facts.rollout.canary is None:
        return None
    readings = "; ".join(reading.message for reading in facts.readings)
    return Move(Trigger.FINISHED, "Promoting", f"{facts.rollout.canary.name} passed every SLO: {readings}")


def decide_without_calls(facts: Facts) -> Move | None:
    """The calls that would settle it did not come in time: `onInsufficientData`."""
    policy, canary = facts.seen.policy, facts.rollout.canary
    if facts.phase is not Phase.CANARY or facts.held or canary is None or not _waits_for_calls(facts):
        return None
    deadline = stepping.patience(facts.step, policy)
    if facts.since(facts.rollout.step_since) < stepping.seconds(deadline):
        return None
    message = blame.lacking(canary.name, facts.rollout.canary_calls, deadline, policy)
    match policy.on_insufficient_data:
        case OnInsufficientData.HOLD:
            return _grow(facts)
        case OnInsufficientData.PAUSE:
            return Move(Trigger.PAUSED, "InsufficientData", message, EventType.WARNING)
        case OnInsufficientData.ROLLBACK:
            why = blame.plain(canary.name, "InsufficientData", message, facts.now)
            return Move(Trigger.FAILED, "RollingBack", message, EventType.WARNING, blame=why)
        case OnInsufficientData.PROMOTE:
            return _promote_anyway(facts, message)


def _waits_for_calls(facts: Facts) -> bool:
    step = facts.step
    return step is None or not (step.pause or step.replay)


def _grow(facts: Facts) -> Move | None:
    """The default's small first weight, where a share of few calls would take weeks, gives way to the next.

    Only by default: who wrote steps down wants them kept. Only after a canary call that ended, and while nothing but
    calls is missing. Not to promotion: that waits for calls, or for someone.
    """
    following_weight = facts.rollout.step_index + 1 < len(facts.steps)
    met = facts.rollout.canary_calls > 0 and facts.rollout.acked_since is not None
    if facts.seen.policy.steps is not None or not following_weight or not met or not facts.only_calls_missing:
        return None
    message = (
        f"step {label(facts)} is over after {facts.rollout.canary_calls} canary calls, because too few calls come to "
        f"fill it within {stepping.patience(facts.step, facts.seen.policy)}; {following(facts)}"
    )
    return Move(Trigger.STEPPED, "StepCutShort", message)


def _promote_anyway(facts: Facts, message: str) -> Move | None:
    """Only what lacks calls: a canary that looks worse, if not beyond chance, is not promoted for want of proof."""
    if not facts.only_calls_missing:
        return None
    if facts.step is None:
        return Move(Trigger.FINISHED, "Promoting", f"{message}; the policy says Promote", EventType.WARNING)
    if facts.step.shadow and mirroring.looks_worse(facts):
        return None
    return _next_step(facts) if facts.rollout.acked_since else None
