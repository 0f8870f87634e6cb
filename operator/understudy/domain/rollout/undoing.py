"""Back to an earlier revision, on request and at once (`understudy.dev/undo: REQUEST-ID[/REVISION]`).

Instead of a rollout backwards: whoever asks for it has callers who suffer now, and the revision has served before.
"""

from understudy.api.status import PendingUndo, Phase, Revision
from understudy.domain.rollout import blame
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.facts import Facts, same
from understudy.domain.rollout.inputs import EventType, Request, Verb
from understudy.domain.rollout.move import Move
from understudy.domain.rollout.table import UNDER_WAY, Trigger
from understudy.domain.rollout.times import to_text

MAX_LISTED = 10
"""Revisions named in a refusal: the default history."""


def answer(facts: Facts, request: Request) -> Move | None:
    """What an undo leads to; None while the old revision's agent pods are awaited."""
    if facts.phase in UNDER_WAY:
        return _abort(facts, request)
    if why := _refusal(facts, request):
        return _refuse(request, why)
    target, stable = _target(facts, request), facts.rollout.stable
    if target is None or stable is None:
        return _refuse(request, _unknown(facts))
    if not facts.agents_of(target).enough:
        return _late(facts, request, target)
    message = f"{target.name} serves again in place of {stable.name} on request {request.id}"
    why_back = blame.plain(stable.name, "Undone", message, facts.now)
    return Move(
        Trigger.UNDONE, "RollingBack", message, EventType.WARNING, blame=why_back, request=request, target=target
    )


def _refuse(request: Request, why: str) -> Move:
    return Move(None, "RequestRefused", f"undo {request.id}: {why}", EventType.WARNING, request=request)


def _abort(facts: Facts, request: Request) -> Move:
    """A rollout is under way: what is to be undone is the canary."""
    canary, stable = facts.rollout.canary, facts.rollout.stable
    if canary is None or stable is None:
        return _refuse(request, "no revision serves yet")
    if request.argument not in ("", stable.name):
        return _refuse(request, f"{canary.name} is being rolled out; undo it first, without naming a revision")
    message = f"{canary.name} is taken back on request {request.id}"
    why = blame.plain(canary.name, "Undone", message, facts.now)
    return Move(Trigger.ABORTED, "RollingBack", message, EventType.WARNING, blame=why, request=request)


def _refusal(facts: Facts, request: Request) -> str:
    stable = facts.rollout.stable
    if facts.phase is Phase.INITIALIZING or stable is None:
        return "no revision serves yet"
    if facts.phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK) and not request.argument:
        return f"{stable.name} was gone back to already; name a revision to go back further"
    return f"{stable.name} serves already" if request.argument == stable.name else ""


def _target(facts: Facts, request: Request) -> Revision | None:
    """The stored revision that is asked for: the one before stable where none is named."""
    before = facts.rollout.previous
    name = request.argument or (before.name if before else "")
    found = next((each for each in facts.seen.history if each.name == name), None)
    return Revision(**found.model_dump()) if found else None


def _unknown(facts: Facts) -> str:
    stable = facts.rollout.stable
    known = [each.name for each in reversed(facts.seen.history) if not same(stable, each)][:MAX_LISTED]
    return f"no such revision is stored; there is {', '.join(known)}" if known else "no other revision is stored"


def _late(facts: Facts, request: Request, target: Revision) -> Move | None:
    """Stable keeps serving until the old agent pods can; not for ever."""
    pending, deadline = facts.rollout.undo, facts.seen.policy.progress_deadline
    waits = pending is None or pending.id != request.id
    if waits or facts.since(pending.since if pending else None) < stepping.seconds(deadline):
        return None
    agents = facts.agents_of(target)
    return _refuse(
        request,
        f"{agents.ready} agent pods of {target.name} are ready within progressDeadline {deadline}: {agents.failing}",
    )


def pending(facts: Facts) -> PendingUndo | None:
    """The undo that waits for agent pods: they are kept, or started, because status names their revision."""
    before, answered = facts.rollout.undo, {each.verb: each.id for each in facts.rollout.requests}
    request = next((each for each in facts.seen.requests if each.verb is Verb.UNDO), None)
    if request is None or answered.get(Verb.UNDO.value) == request.id:
        return None
    if facts.phase in UNDER_WAY or _refusal(facts, request):
        return None
    target = _target(facts, request)
    if target is None or facts.agents_of(target).enough:
        return None
    if before and (before.id, before.revision.name) == (request.id, target.name):
        return before
    return PendingUndo(id=request.id, revision=target, since=to_text(facts.now))
