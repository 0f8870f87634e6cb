"""What a mirrored turn leaves as evidence: the same turn, answered by both arms."""

from dataclasses import dataclass

from understudy.domain.calls.observation import Defect, ShadowTurn, TurnRecord


@dataclass(frozen=True, slots=True)
class Heard:
    """One arm's answer to a request of the agent.

    Attributes:
        ms: from the request to the first speakable clause; None: there was none.
        defects: what was wrong with the complete answer.
    """

    ms: float | None = None
    defects: tuple[Defect, ...] = ()


def shadow_turn(stable: Heard, canary: Heard, turn: TurnRecord) -> ShadowTurn:
    """Both answers to a request within `turn`, which stable served."""
    return ShadowTurn(
        stable_ms=stable.ms,
        canary_ms=canary.ms,
        stable_defects=stable.defects,
        canary_defects=canary.defects,
        other_ms=other_ms(turn, stable.ms),
    )


def other_ms(turn: TurnRecord, model_ms: float | None) -> float:
    """What `turn` took besides a model request of `model_ms`.

    Where no answer was heard, or none came, only the transcriber's and the voice's own times are known.
    """
    if turn.total_ms is not None and model_ms is not None:
        return round(max(0.0, turn.total_ms - model_ms), 1)
    return (turn.transcriber_ms or 0.0) + (turn.voice_ms or 0.0)
