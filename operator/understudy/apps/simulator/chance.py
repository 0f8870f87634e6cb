"""Chance that can be repeated: every draw comes from the seed and the request's index."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from understudy.apps.simulator.script import Fault


def stream(seed: int, *place: str | int) -> random.Random:
    """Random numbers that depend on `seed` and `place` only, such as a deployment and a request's index."""
    return random.Random(":".join([str(seed), *map(str, place)]))  # noqa: S311 — it has to be repeatable


@dataclass(frozen=True)
class Moment:
    """Which request it is: what decides whether a fault may strike.

    Attributes:
        index: in the deployment, from 0.
        model: the name it asks for.
        elapsed_s: seconds since the settings began.
    """

    index: int
    model: str | None = None
    elapsed_s: float = 0.0


def choose(faults: Sequence[Fault], struck: Sequence[int], moment: Moment, draw: random.Random) -> int:
    """Position of the fault that strikes that request, or -1.

    `struck` says how often each has struck before. Every fault draws, so that adding a bound to one leaves the
    others' luck alone.
    """
    chosen = -1
    for position, fault in enumerate(faults):
        lucky = draw.random() >= fault.probability
        spent = fault.count is not None and struck[position] >= fault.count
        if chosen < 0 and not lucky and not spent and _may_strike(fault, moment):
            chosen = position
    return chosen


def _may_strike(fault: Fault, moment: Moment) -> bool:
    if fault.model is not None and fault.model != moment.model:
        return False
    if moment.elapsed_s < fault.from_s or (fault.until_s is not None and moment.elapsed_s >= fault.until_s):
        return False
    return moment.index >= fault.after
