"""Which finished calls are scored, and the budget for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from understudy.domain.calls.observation import CallEnd, CallObservation, CallPart
from understudy.domain.calls.transcript import ROLES, Line
from understudy.domain.routing.arm import bucket
from understudy.domain.routing.document import Arm, RoutingDocument

KEPT_FOR_ROLLOUTS = 0.5
"""Share (0 to 1) of a day's budget that is not spent while nothing is being rolled out: a canary that comes in the
afternoon is to be judged, too."""

DAY_S = 86_400
"""Seconds; days begin at midnight UTC."""

_BUCKETS = 10_000
"""Of `domain.routing.arm.bucket`."""


def worth_scoring(call: CallObservation, lines: Sequence[Line]) -> bool:
    """Whether a score would say something about the call's arm.

    Not of a call that goes on; not of a rescued one, which both arms served; not of one in which either side said
    nothing; and not of a dropped one: it is the most urgent evidence there is and does not wait for a score.
    """
    over = call.part is not CallPart.TURNS and call.end is not CallEnd.DROPPED
    spoke = {line.role for line in lines}
    return over and not call.rescued and len(spoke) == len(ROLES)


def sampled(call: CallObservation, document: RoutingDocument, percent: int, salt: str) -> bool:
    """Whether the call is among those that are scored: every one of the canary in force, `percent` of the others.

    The same answer whenever and wherever it is asked. `salt` tells scorers apart.
    """
    if call.arm is Arm.CANARY:
        return document.canary is not None and document.canary.name == call.revision
    return bucket(call.call_id, f"score/{salt}") * 100 < percent * _BUCKETS


@dataclass(frozen=True, slots=True)
class Budget:
    """What was spent today."""

    day: int = 0
    """Days since the epoch, UTC."""
    calls: int = 0

    def spend(self, now: float, limit: int, *, judging: bool) -> "Budget | None":
        """With one call more; None when the day's `limit` does not allow it.

        Args:
            now: seconds since the epoch.
            limit: calls a day.
            judging: whether a canary is being judged; otherwise a part of the budget is kept for when one is.
        """
        day = int(now // DAY_S)
        spent = self.calls if day == self.day else 0
        allowed = limit if judging else math.ceil(limit * (1 - KEPT_FOR_ROLLOUTS))
        return Budget(day, spent + 1) if spent < allowed else None
