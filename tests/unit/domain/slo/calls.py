"""Finished calls, made from what a test is about."""

from understudy.domain.calls.observation import CallEnd, CallObservation, ShadowTurn
from understudy.domain.routing.document import Arm


def call(**fields: object) -> CallObservation:
    """A call of a minute in which nothing went wrong and nothing was said, changed as given."""
    given = {
        "seq": 1,
        "call_id": "c",
        "revision": "r",
        "arm": Arm.CANARY,
        "started_at": 100.0,
        "ended_at": 160.0,
        "recorded_at": 160.0,
        "end": CallEnd.CALLER_HUNG_UP,
    }
    return CallObservation.model_validate(given | fields)


def dropped(*, yes: bool = True, **fields: object) -> CallObservation:
    """A call that was dropped, or not."""
    return call(**{"end": CallEnd.DROPPED if yes else CallEnd.CALLER_HUNG_UP} | fields)


def mirrored(*pairs: tuple[float | None, float | None], other_ms: float = 0.0) -> CallObservation:
    """A call with mirrored turns, each told by the model's times on stable and on the canary."""
    turns = tuple(ShadowTurn(stable_ms=stable, canary_ms=canary, other_ms=other_ms) for stable, canary in pairs)
    return call(arm=Arm.STABLE, shadow=turns)
