"""How long a choice takes: `Pool.turn(…).start(now)` of a pool that knows its deployments, wall clock."""

import dataclasses
import gc
import random
import statistics
import time
from itertools import islice

from tests.bench.routing.engine import Engine
from tests.bench.routing.generate import regimes
from tests.bench.routing.ours import Understudy, understudy
from tests.bench.routing.requests import requests
from tests.bench.routing.world import World, parse
from understudy.domain.routing.pool.pool import Pool
from understudy.domain.routing.pool.step import Ask

CHOICES = 4000

LEARNED_FROM = 4000
"""Requests before the clock runs."""


def choice_us(size: int) -> float:
    """Median microseconds in a pool of `size` deployments."""
    pool, now = _warm(size)
    clock, taken = time.perf_counter_ns, []
    gc.disable()
    try:
        for number in range(CHOICES):
            now += 0.1
            ask = Ask(f"timed-{number}", 1500, first_turn=True, budget_s=1.2)
            began = clock()
            turn = pool.turn(ask)
            turn.start(now)
            taken.append(clock() - began)
            turn.abandoned(now)
    finally:
        gc.enable()
    return statistics.median(taken) / 1000.0


def _warm(size: int) -> tuple[Pool, float]:
    world = _world(size)
    engine = Engine(world, understudy())
    engine.run(islice(requests(world), LEARNED_FROM))
    replica = engine.policies[0]
    assert isinstance(replica, Understudy)
    return replica.pool, world.duration_s


def _world(size: int) -> World:
    draw = random.Random(size)
    each = [{"name": f"region-{index}", "segments": regimes(draw, 400.0, 0.05)} for index in range(size)]
    document = {"deployments": each, "requests": {"rate_per_s": 10.0, "duration_s": 400.0, "seed": 1}}
    return dataclasses.replace(parse(document), name=f"{size} deployments")
