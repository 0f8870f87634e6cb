"""What a move does to the state. Every function takes the facts and returns the fields that change."""

from collections.abc import Callable
from typing import Any

from understudy.api.status import (
    MAX_HISTORY,
    MAX_RETAINED,
    HandledRequest,
    Phase,
    Rejected,
    RetainedRevision,
    Revision,
    RollbackReason,
    RolloutStatus,
    Transition,
)
from understudy.domain.rollout import cursors, line
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.facts import BLOCKING, Facts
from understudy.domain.rollout.inputs import Verb
from understudy.domain.rollout.move import Move
from understudy.domain.rollout.shortening import shortened
from understudy.domain.rollout.table import WARM, Trigger, follow
from understudy.domain.rollout.times import to_text
from understudy.domain.routing.document import RevisionRef
from understudy.domain.slo import panel

RETAIN_MARGIN_S = 60.0
"""Added to the longest call: hanging up and clocks that differ."""

Changes = dict[str, Any]

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


def _retain(facts: Facts, revision: Revision | None, *, keep: Revision | None, rejected: bool = False) -> Changes:
    """Keep `revision` for its live calls, and stop keeping `keep`, which serves new calls again."""
    until = to_text(facts.now + facts.seen.max_call_s + RETAIN_MARGIN_S)
    gone = {each.name for each in (revision, keep) if each}
    kept = [each for each in facts.rollout.retained if each.name not in gone]
    if revision and not (keep and keep.name == revision.name):
        kept.append(RetainedRevision(**revision.model_dump(), until=until, rejected=rejected))
    return {"retained": tuple(kept[-MAX_RETAINED:])}


def _new_canary(facts: Facts, revision: Revision) -> Changes:
    """The calls in progress that are noted with the cursors are an earlier attempt's: nobody's evidence now."""
    return {
        **_FRESH,
        "canary": revision,
        "cursors": cursors.forgotten(facts.rollout.cursors),
        **_retain(facts, facts.rollout.canary, keep=revision),
    }


def _revised(facts: Facts, _: Move) -> Changes:
    if facts.seen.desired is None:
        return {}
    revision = to_revision(facts.seen.desired)
    if facts.phase is Phase.INITIALIZING:
        return {"stable": revision, **_retain(facts, facts.rollout.stable, keep=revision)}
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
        return _returned(facts, move, facts.rollout.previous, rejected=False) | {"rejected": None}
    return {**_FRESH, "canary": None, **_retain(facts, facts.rollout.canary, keep=facts.rollout.stable)}


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


def _taken_back(facts: Facts, move: Move) -> Changes:
    if facts.phase is Phase.BAKING:
        return _returned(facts, move, facts.rollout.previous, rejected=True)
    canary = facts.rollout.canary
    return {
        **_ended(),
        "canary": None,
        "last_rollback": _blamed(move),
        "rejected": Rejected(name=canary.name, at=to_text(facts.now)) if canary else None,
        "lease_over_at": facts.rollout.lease_expires_at,
        **_retain(facts, canary, keep=None, rejected=True),
    }


def _ended() -> Changes:
    """Of a rollout that is over, whichever way."""
    return {"weight": 0, "pause_reason": None, "lease_expires_at": None, "not_ready_since": None, "enough_at": None}


def _blamed(move: Move) -> RollbackReason | None:
    return move.blame and move.blame.model_copy(update={"message": shortened(move.blame.message)})


def _returned(facts: Facts, move: Move, revision: Revision | None, *, rejected: bool) -> Changes:
    """An earlier revision is stable again; `rejected`: live calls of the present one are rescued by it."""
    left = facts.rollout.stable
    changes: Changes = {
        **_ended(),
        "stable": revision,
        "previous": None,
        "undo": None,
        **_retain(facts, left, keep=revision, rejected=rejected),
    }
    if rejected and left:
        changes |= {"rejected": _rejected(facts, left), "last_rollback": _blamed(move), "lease_over_at": None}
    return changes


def _rejected(facts: Facts, left: Revision) -> Rejected:
    """What is not tried again. A revision that the spec still asks for stays rejected when stable goes further back."""
    known, desired = facts.rollout.rejected, facts.seen.desired
    if known and desired and known.name == desired.name:
        return known
    return Rejected(name=left.name, at=to_text(facts.now))


def _undone(facts: Facts, move: Move) -> Changes:
    return _returned(facts, move, move.target, rejected=True) if move.target else {}


def _finished(facts: Facts, _: Move) -> Changes:
    if facts.phase is Phase.BAKING:
        return {"not_ready_since": None}
    return {
        **_ended(),
        "stable": facts.rollout.canary,
        "previous": facts.rollout.stable,
        "canary": None,
        **_retain(facts, facts.rollout.stable, keep=facts.rollout.canary),
    }


def _bake_started(facts: Facts, _: Move) -> Changes:
    """Judged afresh, against what the revision before it read."""
    judges = panel.seat_baking(facts.rollout.judges, facts.seen.slos)
    return {"judges": judges, "readings": (), "verdict": None, "cursors": cursors.forgotten(facts.rollout.cursors)}


def _nothing(_: Facts, __: Move) -> Changes:
    return {}


_CHANGES: dict[Trigger, Callable[[Facts, Move], Changes]] = {
    Trigger.REVISED: _revised,
    Trigger.RESTORED: _restored,
    Trigger.READY: _ready,
    Trigger.STEPPED: _stepped,
    Trigger.PAUSED: _paused,
    Trigger.RESUMED: _resumed,
    Trigger.FAILED: _taken_back,
    Trigger.ABORTED: _taken_back,
    Trigger.FINISHED: _finished,
    Trigger.SETTLED: _nothing,
    Trigger.BAKE_STARTED: _bake_started,
    Trigger.RETRIED: _retried,
    Trigger.UNDONE: _undone,
}
