"""Requests by annotation: each is answered once, with a move or with the reason why not."""

from collections.abc import Callable, Mapping

from understudy.api.status import Phase
from understudy.domain.rollout import blame, going_on, undoing
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.inputs import EventType, Request, Verb
from understudy.domain.rollout.move import Move
from understudy.domain.rollout.table import JUDGED, UNDER_WAY, Trigger

FULL = "full"
"""Argument of promote: every step that is left at once."""


def unanswered(facts: Facts) -> tuple[Request, ...]:
    """Requests whose id is not the last one answered for their verb."""
    answered = {request.verb: request.id for request in facts.rollout.requests}
    return tuple(request for request in facts.seen.requests if answered.get(request.verb.value) != request.id)


def answer_request(facts: Facts) -> Move | None:
    """The answer to the first request that has none; one that waits for something holds up no other."""
    answers = (_ANSWERS[request.verb](facts, request) for request in unanswered(facts))
    return next((answer for answer in answers if answer), None)


def _refuse(request: Request, why: str) -> Move:
    return Move(None, "RequestRefused", f"{request.verb} {request.id}: {why}", EventType.WARNING, request=request)


def _promote(facts: Facts, request: Request) -> Move:
    """The next step, or with `full` all that is left of them; what bakes is taken as good."""
    canary = facts.rollout.canary
    if why := _unpromotable(facts, request):
        return _refuse(request, why)
    if facts.phase is Phase.BAKING or canary is None:
        message = f"the bake is cut short on request {request.id}"
        return Move(Trigger.FINISHED, "PromotionRequested", message, request=request)
    if facts.step and not request.argument:
        return going_on.skipped(facts, request)
    return Move(
        Trigger.FINISHED, "PromotionRequested", f"{canary.name} is promoted on request {request.id}", request=request
    )


def _unpromotable(facts: Facts, request: Request) -> str:
    if request.argument not in ("", FULL):
        return f"the only argument is {FULL}"
    if facts.phase is Phase.BAKING:
        return ""
    if facts.phase not in JUDGED or facts.rollout.canary is None:
        return "no canary takes calls, so there is nothing to promote"
    if facts.blocked:
        return f"{facts.blocked}; use retry to judge it afresh"
    return "" if facts.canary_ready else "the canary's agent pods are not ready"


def _pause(facts: Facts, request: Request) -> Move:
    if facts.phase is not Phase.CANARY:
        return _refuse(request, "only a canary that takes calls can be paused")
    return Move(Trigger.PAUSED, "PauseRequested", f"paused on request {request.id}; the weight stays", request=request)


def _resume(facts: Facts, request: Request) -> Move:
    if facts.phase is not Phase.PAUSED:
        return _refuse(request, "the rollout is not paused")
    if facts.blocked:
        return _refuse(request, f"{facts.blocked}; use abort, or retry to judge it afresh")
    return Move(Trigger.RESUMED, "Resumed", f"resumed on request {request.id}", request=request)


def _abort(facts: Facts, request: Request) -> Move:
    baking = facts.phase is Phase.BAKING
    back = facts.rollout.stable if baking else facts.rollout.canary
    if facts.phase not in (*UNDER_WAY, Phase.BAKING) or back is None:
        return _refuse(request, "no rollout is under way")
    message = f"{back.name} is taken back on request {request.id}"
    why = blame.plain(back.name, "Aborted", message, facts.now)
    return Move(Trigger.ABORTED, "RollingBack", message, EventType.WARNING, blame=why, request=request)


def _retry(facts: Facts, request: Request) -> Move:
    paused = facts.phase is Phase.PAUSED and facts.rollout.canary is not None
    rejected, desired = facts.rollout.rejected, facts.seen.desired
    rolled_back = facts.phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK) and rejected and desired
    if not (paused or (rolled_back and rejected and desired and rejected.name == desired.name)):
        return _refuse(request, "nothing was rolled back that the spec still asks for")
    return Move(Trigger.RETRIED, "Retried", f"tried again on request {request.id}, judged afresh", request=request)


_ANSWERS: Mapping[Verb, Callable[[Facts, Request], Move | None]] = {
    Verb.PROMOTE: _promote,
    Verb.PAUSE: _pause,
    Verb.RESUME: _resume,
    Verb.ABORT: _abort,
    Verb.RETRY: _retry,
    Verb.UNDO: undoing.answer,
}
