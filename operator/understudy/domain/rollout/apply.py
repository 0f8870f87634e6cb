"""What a move does to the state. Every function takes the facts and returns the fields that change."""

from collections.abc import Callable

from understudy.api.status import MAX_HISTORY, HandledRequest, Phase, Revision, RolloutStatus, Transition
from understudy.domain.rollout import cursors, endings, line
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.endings import Changes
from understudy.domain.rollout.facts import BLOCKING, Facts
from understudy.domain.rollout.inputs import Verb
from understudy.domain.rollout.move import Move
from understudy.domain.rollout.shortening import shortened
from understudy.domain.rollout.table import WARM, Trigger, follow
from understudy.domain.rollout.times import to_text
from understudy.domain.routing.document import RevisionRef

_FRESH: Changes = {
    "step_index": 0,
    "weight": 0,
    "verdict": None,
    "pause_reason": None,
    "readings": (),
    "judges": (),
    "canary_calls": 0,
    "stable_calls": 0,
    "started_at": None,
    "step_since": None,
    "acked_since": None,
    "not_ready_since": None,
    "lease_expires_at": None,
    "rejected": None,
    "replay": None,
    "shadow": None,
    "enough_at": None,
    "step_calls": 0,
}
"""What a new canary starts from: nothing is held against it."""


def to_revision(ref: RevisionRef) -> Revision:
    """A reference as status keeps it."""
    return Revision(name=ref.name, object_name=ref.object_name, agent_service=ref.agent_service)


def carry_out(facts: Facts, move: Move) -> RolloutStatus:
    """The state after `move`.

    Raises:
        UnknownTransition: the table does not allow it.
    """
    changes: Changes = {}
    if move.request:
        changes["requests"] = _answered(facts, move)
        changes |= {"undo": None} if move.request.verb is Verb.UNDO else {}
    if move.trigger:
        changes |= _CHANGES[move.trigger](facts, move) | _moved(facts, move, move.trigger)
    return facts.rollout.model_copy(update=changes)


def _answered(facts: Facts, move: Move) -> tuple[HandledRequest, ...]:
    request, rollout = move.request, facts.rollout
    if request is None:
        return rollout.requests
    others = [each for each in rollout.requests if each.verb != request.verb.value]
    answer = HandledRequest(
        verb=request.verb.value,
        id=request.id,
        refused=move.trigger is None,
        message=shortened(move.message),
        at=to_text(facts.now),
    )
    return (*others, answer)


def _moved(facts: Facts, move: Move, trigger: Trigger) -> Changes:
    phase, at = follow(facts.phase, trigger), to_text(facts.now)
    line = Transition(at=at, from_=facts.phase, to=phase, reason=move.reason, message=shortened(move.message))
    changes: Changes = {"phase": phase, "history": (*facts.rollout.history, line)[-MAX_HISTORY:]}
    return changes if phase is facts.phase else changes | {"phase_since": at}


def _new_canary(facts: Facts, revision: Revision) -> Changes:
    """The calls in progress that are noted with the cursors are an earlier attempt's: nobody's evidence now."""
    return {
        **_FRESH,
        "canary": revision,
        "cursors": cursors.forgotten(facts.rollout.cursors),
        **endings.retain(facts, facts.rollout.canary, keep=revision),
    }


def _revised(facts: Facts, _: Move) -> Changes:
    if facts.seen.desired is None:
        return {}
    revision = to_revision(facts.seen.desired)
    if facts.phase is Phase.INITIALIZING:
        return {"stable": revision, **endings.retain(facts, facts.rollout.stable, keep=revision)}
    return _new_canary(facts, revision) | _by_plan(facts)


def _by_plan(facts: Facts) -> Changes:
    """Which plan this rollout goes by, and whether a change of it is why there is a rollout: others wait in line."""
    changed = line.plan_changed(facts.rollout.plan, facts.seen.plan)
    return {"plan": facts.seen.plan, "for_plan": changed, "queued": ""}


def _retried(facts: Facts, _: Move) -> Changes:
    desired = to_revision(facts.seen.desired) if facts.seen.desired else None
    again = facts.rollout.canary or desired
    return _new_canary(facts, again) if again else {}


def _restored(facts: Facts, move: Move) -> Changes:
    if facts.phase in WARM:
        return endings.returned(facts, move, facts.rollout.previous, rejected=False) | {"rejected": None}
    return {**_FRESH, "canary": None, **endings.retain(facts, facts.rollout.canary, keep=facts.rollout.stable)}


def _ready(facts: Facts, _: Move) -> Changes:
    if facts.phase is Phase.INITIALIZING:
        return {}
    return {"started_at": to_text(facts.now), **_enter(facts, 0)}


def _enter(facts: Facts, index: int) -> Changes:
    """Begin step `index`; past the last step the weight stays while the verdict is awaited."""
    rollout = facts.rollout
    changes: Changes = {
        "step_index": index,
        "weight": stepping.weight_at(facts.steps, index),
        "step_since": to_text(facts.now),
        "step_calls": rollout.canary_calls + rollout.stable_calls,
        "acked_since": None,
        "pause_reason": None,
        "enough_at": None,
    }
    step = facts.steps[index] if index < len(facts.steps) else None
    if step and step.replay:
        changes["replay"] = None
    if step and step.shadow:
        changes["shadow"] = None
    return changes


def _stepped(facts: Facts, _: Move) -> Changes:
    return _enter(facts, facts.rollout.step_index + 1)


def _paused(facts: Facts, move: Move) -> Changes:
    """A pause keeps the weight, unless the canary was stopped: then no further caller meets it."""
    if move.reason in BLOCKING:
        return {"pause_reason": move.reason, "weight": 0, "acked_since": None}
    return {"pause_reason": move.reason, "weight": facts.rollout.weight}


def _resumed(facts: Facts, _: Move) -> Changes:
    past = 1 if facts.rollout.pause_reason == "PauseStep" else 0
    return _enter(facts, facts.rollout.step_index + past)


def _nothing(_: Facts, __: Move) -> Changes:
    return {}


_CHANGES: dict[Trigger, Callable[[Facts, Move], Changes]] = {
    Trigger.REVISED: _revised,
    Trigger.RESTORED: _restored,
    Trigger.READY: _ready,
    Trigger.STEPPED: _stepped,
    Trigger.PAUSED: _paused,
    Trigger.RESUMED: _resumed,
    Trigger.FAILED: endings.taken_back,
    Trigger.ABORTED: endings.taken_back,
    Trigger.FINISHED: endings.finished,
    Trigger.SETTLED: _nothing,
    Trigger.BAKE_STARTED: endings.bake_started,
    Trigger.RETRIED: _retried,
    Trigger.UNDONE: endings.undone,
}
