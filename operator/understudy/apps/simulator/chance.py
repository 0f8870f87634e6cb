"""Chance that can be repeated: every draw comes from the seed and the request's index."""

import random
from collections.abc import Sequence

from understudy.apps.simulator.script import Fault


def stream(seed: int, *place: str | int) -> random.Random:
    """Random numbers that depend on `seed` and `place` only, such as a deployment and a request's index."""
    return random.Random(":".join([str(seed), *map(str, place)]))  # noqa: S311 — it has to be repeatable


def choose(faults: Sequence[Fault], struck: Sequence[int], index: int, model: str | None, draw: random.Random) -> int:
    """Position of the fault that strikes the request with that index (from 0), or -1.

    `struck` says how often each has struck before. Every fault draws, so that adding a bound to one leaves the
    others' luck alone.
    """
    chosen = -1
    for position, fault in enumerate(faults):
        lucky = draw.random() >= fault.probability
        spent = fault.count is not None and struck[position] >= fault.count
        other = fault.model is not None and fault.model != model
        if chosen < 0 and not (lucky or spent or other or index < fault.after):
            chosen = position
    return chosen
