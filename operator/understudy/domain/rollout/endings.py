"""How a rollout ends, as changes of the state: promoted, taken back, or an earlier revision serves again."""

from typing import Any

from understudy.api.status import MAX_RETAINED, Phase, Rejected, RetainedRevision, Revision, RollbackReason
from understudy.domain.rollout import cursors
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.move import Move
from understudy.domain.rollout.shortening import shortened
from understudy.domain.rollout.times import to_text
from understudy.domain.slo import panel

RETAIN_MARGIN_S = 60.0
"""Added to the longest call: hanging up and clocks that differ."""

Changes = dict[str, Any]
"""Fields of the status and their new values."""


def retain(facts: Facts, revision: Revision | None, *, keep: Revision | None, rejected: bool = False) -> Changes:
    """Keep `revision` for its live calls, and stop keeping `keep`, which serves new calls again."""
    until = to_text(facts.now + facts.seen.max_call_s + RETAIN_MARGIN_S)
    gone = {each.name for each in (revision, keep) if each}
    kept = [each for each in facts.rollout.retained if each.name not in gone]
    if revision and not (keep and keep.name == revision.name):
        kept.append(RetainedRevision(**revision.model_dump(), until=until, rejected=rejected))
    return {"retained": tuple(kept[-MAX_RETAINED:])}


def taken_back(facts: Facts, move: Move) -> Changes:
    """The canary goes, or what bakes makes way for the one before it."""
    if facts.phase is Phase.BAKING:
        return returned(facts, move, facts.rollout.previous, rejected=True)
    canary = facts.rollout.canary
    return {
        **_ended(),
        "canary": None,
        "last_rollback": _blamed(move),
        "rejected": Rejected(name=canary.name, at=to_text(facts.now)) if canary else None,
        "lease_over_at": facts.rollout.lease_expires_at,
        **retain(facts, canary, keep=None, rejected=True),
    }


def _ended() -> Changes:
    """Of a rollout that is over, whichever way."""
    return {"weight": 0, "pause_reason": None, "lease_expires_at": None, "not_ready_since": None, "enough_at": None}


def _blamed(move: Move) -> RollbackReason | None:
    return move.blame and move.blame.model_copy(update={"message": shortened(move.blame.message)})


def returned(facts: Facts, move: Move, revision: Revision | None, *, rejected: bool) -> Changes:
    """An earlier revision is stable again; `rejected`: live calls of the present one are rescued by it."""
    left = facts.rollout.stable
    changes: Changes = {
        **_ended(),
        "stable": revision,
        "previous": None,
        "undo": None,
        **retain(facts, left, keep=revision, rejected=rejected),
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


def undone(facts: Facts, move: Move) -> Changes:
    """The revision that was asked for serves again."""
    return returned(facts, move, move.target, rejected=True) if move.target else {}


def finished(facts: Facts, _: Move) -> Changes:
    """The canary is stable now; a bake that is over changes nothing any more."""
    if facts.phase is Phase.BAKING:
        return {"not_ready_since": None}
    return {
        **_ended(),
        "stable": facts.rollout.canary,
        "previous": facts.rollout.stable,
        "canary": None,
        **retain(facts, facts.rollout.stable, keep=facts.rollout.canary),
    }


def bake_started(facts: Facts, _: Move) -> Changes:
    """Judged afresh, against what the revision before it read."""
    judges = panel.seat_baking(facts.rollout.judges, facts.seen.slos)
    return {"judges": judges, "readings": (), "verdict": None, "cursors": cursors.forgotten(facts.rollout.cursors)}
