"""Requests by annotation: each is answered once, with a move or with the reason why not."""

from understudy.api.status import Phase
from understudy.domain.rollout import blame
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.inputs import EventType, Request, Verb
from understudy.domain.rollout.move import Move
from understudy.domain.rollout.table import JUDGED, Trigger


def unanswered(facts: Facts) -> tuple[Request, ...]:
    """Requests whose id is not the last one answered for their verb."""
    answered = {request.verb: request.id for request in facts.rollout.requests}
    return tuple(request for request in facts.seen.requests if answered.get(request.verb.value) != request.id)


def answer_request(facts: Facts) -> Move | None:
    """The answer to the first request that has none."""
    for request in unanswered(facts):
        return _ANSWERS[request.verb](facts, request)
    return None


def _refuse(request: Request, why: str) -> Move:
    return Move(None, "RequestRefused", f"{request.verb} {request.id}: {why}", EventType.WARNING, request=request)


def _promote(facts: Facts, request: Request) -> Move:
    canary = facts.rollout.canary
    if facts.phase not in JUDGED or canary is None:
        return _refuse(request, "no canary takes calls, so there is nothing to promote")
    if failing := facts.failing:
        return _refuse(request, f"the canary fails {failing.slo}; use retry to judge it afresh")
    if not facts.canary_ready:
        return _refuse(request, "the canary's agent pods are not ready")
    return Move(
        Trigger.FINISHED, "PromotionRequested", f"{canary.name} is promoted on request {request.id}", request=request
    )


def _pause(facts: Facts, request: Request) -> Move:
    if facts.phase is not Phase.CANARY:
        return _refuse(request, "only a canary that takes calls can be paused")
    return Move(Trigger.PAUSED, "PauseRequested", f"paused on request {request.id}; the weight stays", request=request)


def _resume(facts: Facts, request: Request) -> Move:
    if facts.phase is not Phase.PAUSED:
        return _refuse(request, "the rollout is not paused")
    if failing := facts.failing:
        return _refuse(request, f"the canary fails {failing.slo}; use abort, or retry to judge it afresh")
    return Move(Trigger.RESUMED, "Resumed", f"resumed on request {request.id}", request=request)


def _abort(facts: Facts, request: Request) -> Move:
    canary = facts.rollout.canary
    if facts.phase not in (*JUDGED, Phase.PREPARING) or canary is None:
        return _refuse(request, "no rollout is under way")
    message = f"{canary.name} is taken back on request {request.id}"
    why = blame.plain(canary.name, "Aborted", message, facts.now)
    return Move(Trigger.ABORTED, "RollingBack", message, EventType.WARNING, blame=why, request=request)


def _retry(facts: Facts, request: Request) -> Move:
    paused = facts.phase is Phase.PAUSED and facts.rollout.canary is not None
    rejected, desired = facts.rollout.rejected, facts.seen.desired
    rolled_back = facts.phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK) and rejected and desired
    if not (paused or (rolled_back and rejected and desired and rejected.name == desired.name)):
        return _refuse(request, "nothing was rolled back that the spec still asks for")
    return Move(Trigger.RETRIED, "Retried", f"tried again on request {request.id}, judged afresh", request=request)


def _undo(_: Facts, request: Request) -> Move:
    return _refuse(request, "nothing can be undone yet")


_ANSWERS = {
    Verb.PROMOTE: _promote,
    Verb.PAUSE: _pause,
    Verb.RESUME: _resume,
    Verb.ABORT: _abort,
    Verb.RETRY: _retry,
    Verb.UNDO: _undo,
}
