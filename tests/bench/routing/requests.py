"""Requests of a world: Poisson arrivals, dealt to calls."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.routing.world import World

TURN_GAP_S = 8.0
"""Between two turns of a call: somebody speaks and is answered."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of an agent.

    Attributes:
        id: counts up.
        at: when, seconds.
        call: number of its call.
        turn: place in its call, from 0.
    """

    id: int
    at: float
    call: int
    turn: int


def requests(world: World) -> Iterator[Request]:
    """All of them, in order. As many calls at once as make a turn every `TURN_GAP_S` of each."""
    draw = random.Random(world.seed)
    lines = max(1, round(world.rate_per_s * TURN_GAP_S)) if world.calls > 1 else 1
    now, number = draw.expovariate(world.rate_per_s), 0
    while now < world.duration_s:
        line, place = number % lines, number // lines
        # Calls in progress are at different turns: those of the first lines begin earlier.
        call, turn = divmod(place + line % world.calls, world.calls)
        yield Request(number, now, call * lines + line, turn)
        now += draw.expovariate(world.rate_per_s)
        number += 1
