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
    RolloutStatus,
    Transition,
)
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.move import Move
from understudy.domain.rollout.table import Trigger, follow
from understudy.domain.rollout.times import to_text
from understudy.domain.routing.document import RevisionRef

RETAIN_MARGIN_S = 60.0
"""Added to the longest call: hanging up and clocks that differ."""

MAX_MESSAGE = 1000
"""Characters of a stored message: three readings fit; status stays small."""

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
}
"""What a new canary starts from: nothing is held against it."""


def shortened(message: str) -> str:
    """`message`, cut where status would grow too large."""
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"


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
    return {**_FRESH, "canary": revision, **_retain(facts, facts.rollout.canary, keep=revision)}


def _revised(facts: Facts, _: Move) -> Changes:
    if facts.seen.desired is None:
        return {}
    revision = to_revision(facts.seen.desired)
    if facts.phase is Phase.INITIALIZING:
        return {"stable": revision, **_retain(facts, facts.rollout.stable, keep=revision)}
    return _new_canary(facts, revision)


def _retried(facts: Facts, _: Move) -> Changes:
    desired = to_revision(facts.seen.desired) if facts.seen.desired else None
    again = facts.rollout.canary or desired
    return _new_canary(facts, again) if again else {}


def _restored(facts: Facts, _: Move) -> Changes:
    return {**_FRESH, "canary": None, **_retain(facts, facts.rollout.canary, keep=facts.rollout.stable)}


def _ready(facts: Facts, _: Move) -> Changes:
    if facts.phase is Phase.INITIALIZING:
        return {}
    return {"started_at": to_text(facts.now), **_enter(facts, 0)}


def _enter(facts: Facts, index: int) -> Changes:
    """Begin step `index`; past the last step the weight stays while the verdict is awaited."""
    return {
        "step_index": index,
        "weight": stepping.weight_at(facts.steps, index),
        "step_since": to_text(facts.now),
        "acked_since": None,
        "pause_reason": None,
    }


def _stepped(facts: Facts, _: Move) -> Changes:
    return _enter(facts, facts.rollout.step_index + 1)


def _paused(facts: Facts, move: Move) -> Changes:
    """A pause keeps the weight, unless the canary is failing: then no further caller meets it."""
    if move.reason == "Regression":
        return {"pause_reason": move.reason, "weight": 0, "acked_since": None}
    return {"pause_reason": move.reason, "weight": facts.rollout.weight}


def _resumed(facts: Facts, _: Move) -> Changes:
    past = 1 if facts.rollout.pause_reason == "PauseStep" else 0
    return _enter(facts, facts.rollout.step_index + past)


def _taken_back(facts: Facts, move: Move) -> Changes:
    canary = facts.rollout.canary
    return {
        "canary": None,
        "weight": 0,
        "pause_reason": None,
        "last_rollback": move.blame and move.blame.model_copy(update={"message": shortened(move.blame.message)}),
        "rejected": Rejected(name=canary.name, at=to_text(facts.now)) if canary else None,
        "lease_over_at": facts.rollout.lease_expires_at,
        "lease_expires_at": None,
        "not_ready_since": None,
        **_retain(facts, canary, keep=None, rejected=True),
    }


def _finished(facts: Facts, _: Move) -> Changes:
    return {
        "stable": facts.rollout.canary,
        "canary": None,
        "weight": 0,
        "pause_reason": None,
        "lease_expires_at": None,
        "not_ready_since": None,
        **_retain(facts, facts.rollout.stable, keep=facts.rollout.canary),
    }


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
    Trigger.RETRIED: _retried,
}
