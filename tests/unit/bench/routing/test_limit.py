"""The clairvoyant: a bound that is wrong would make everything that is held against it wrong."""

import itertools
import math

import numpy as np
import pytest

from tests.bench.routing.clairvoyant import clairvoyant
from tests.bench.routing.draws import bits, outcome
from tests.bench.routing.engine import Engine
from tests.bench.routing.limit import EXTRA, MISSED, limit
from tests.bench.routing.ours import understudy
from tests.bench.routing.policies import run
from tests.bench.routing.policy import Factory
from tests.bench.routing.solve import CUTS, Goal, solve
from tests.bench.routing.states import normal, states
from tests.bench.routing.world import Segment, World
from tests.unit.bench.routing.worlds import part, world
from understudy.domain.routing.pool.settings import PoolSettings

STEP = 0.01
HANGS = world([part(300, 0.2, 0.05)], [part(400, 0.1, 0.02)], duration=2000.0)


def test_the_normal_distribution_is_the_normal_distribution() -> None:
    z = np.linspace(-4, 4, 81)
    exact = [0.5 * math.erfc(-each / math.sqrt(2)) for each in z]
    assert normal(z) == pytest.approx(exact, abs=2e-7)


def test_a_state_s_distribution_is_what_the_world_draws() -> None:
    segment = Segment(0.0, 0.4, 0.3, 0.08, 0.03, None)
    each = states(world([part(400, 0.3, 0.08, 0.03)]))
    drawn = [outcome(bits(3, 0, request, 0), segment, 5.0) for request in range(40_000)]
    for seconds in (0.2, 0.4, 0.7, 1.5, 4.0):
        share = sum(answers and after <= seconds for answers, after in drawn) / len(drawn)
        assert each.answered(seconds)[0, 0] == pytest.approx(share, abs=0.006), seconds


def test_states_change_with_any_deployment_and_weigh_as_long_as_they_last() -> None:
    found = states(world([part(100), part(200, from_s=50)], [part(300), part(400, from_s=150)], duration=200.0))
    assert found.starts == [0.0, 50.0, 150.0]
    assert found.weight == pytest.approx([0.25, 0.5, 0.25])
    assert found.median == pytest.approx(np.array([[0.1, 0.3], [0.2, 0.3], [0.2, 0.4]]))


def price_of(where: World, goal: Goal, plan: tuple[tuple[int, float], ...]) -> float:
    """The expected price of a fixed plan of two requests, then the first deployment without a cut; by hand."""
    (first, cut), (second, cut2) = plan
    each = states(where)

    def answered(index: int, seconds: float) -> float:
        return float(each.answered(max(seconds, 0.0))[0, index])

    total, alive, lost = 0.0, 1.0, 0.0
    for index, wait in ((first, cut), (second, cut2), (0, 50.0)):
        for at, weight in ((goal.aim, 1.0), (goal.budget, 2.0), (2 * goal.budget, 1.0)):
            total += alive * weight * max(0.0, answered(index, wait) - answered(index, at - lost))
        alive *= 1.0 - answered(index, wait)
        total += alive * goal.price if wait < 50.0 else 0.0
        lost += wait
    return total


def test_no_plan_of_two_cuts_costs_less_than_the_solution() -> None:
    """Backward induction against every plan on a grid."""
    goal = Goal(aim=0.6, budget=1.2, price=0.1)
    found = solve(states(HANGS), goal, STEP)
    grid = [0.3, 0.36, 0.42, 0.5, 0.6, 0.8, 1.2]
    shots = list(itertools.product((0, 1), grid))
    best = min(price_of(HANGS, goal, plan) for plan in itertools.product(shots, shots))
    assert found.price[0, 0] <= best + 0.002
    assert found.price[0, 0] > 0.8 * best


def test_the_solution_s_own_figures_are_what_a_run_of_it_shows() -> None:
    found = limit(HANGS)
    taken = sorted(Engine(HANGS, clairvoyant(found)).run().taken_s)
    missed = sum(seconds > found.goal.aim for seconds in taken) / len(taken)
    assert missed == pytest.approx(found.solved.missed, abs=0.005)
    tally = Engine(HANGS, clairvoyant(found)).run()
    assert tally.fired / len(taken) - 1 == pytest.approx(found.solved.extra, abs=0.005)


@pytest.mark.parametrize(
    "where",
    [HANGS, world([part(300, 0.4, 0.08, 0.02)], [part(310, 0.4, 0.08)], [part(500, 0.1)], duration=2000.0)],
    ids=["hangs", "wide"],
)
def test_the_limit_keeps_to_its_budget_and_misses_its_aim_in_one_turn_of_twenty(where: World) -> None:
    found = limit(where)
    assert found.solved.extra <= EXTRA
    assert found.solved.missed == pytest.approx(MISSED, abs=0.004)


@pytest.mark.parametrize(
    "policy",
    ["single", "poll", "live", "live_explore", understudy(PoolSettings(hedge=False, explore_share=0.0))],
    ids=["single", "poll", "live", "live_explore", "understudy"],
)
def test_no_policy_beats_the_limit(policy: str | Factory) -> None:
    """One that has more than one request of a turn in flight could: the limit is of those that have not."""
    changing = [
        [
            part(300 if index == 0 else 450, 0.2, 0.05),
            part(700, 0.2, 0.05, from_s=300 + 100 * index),
            part(350, 0.3, 0.05, from_s=900),
        ]
        for index in range(5)
    ]
    where = world(*changing, duration=1500.0)
    assert run(where, policy).p95_ms > 0.98 * run(where, "clairvoyant").p95_ms


def test_without_anything_to_gain_it_fires_once() -> None:
    found = run(world([part(300, 0.05)], [part(900, 0.05)]), "clairvoyant")
    assert found.tokens_ratio < 1.06
    assert found.p50_ms == pytest.approx(300, rel=0.02)


def test_with_limits_it_takes_the_best_that_has_room() -> None:
    """Two accounts of half the load each: nothing is refused, and the faster one is used up first."""
    where = world([part(300, rpm=330)], [part(400, rpm=330)], rate=10.0)
    found = run(where, "clairvoyant")
    assert found.refused == 0
    assert found.p50_ms < 380


def test_with_caches_it_stays_where_the_prompt_is_unless_that_is_slower() -> None:
    warm = world([part(400, 0.1)], [part(410, 0.1)], calls=8, cache=0.5)
    assert run(warm, "clairvoyant").p50_ms == pytest.approx(200, rel=0.1)
    far = world([part(300, 0.1)], [part(900, 0.1)], calls=8, cache=0.1)
    assert run(far, "clairvoyant").p50_ms == pytest.approx(270, rel=0.1)


def test_cuts_that_are_tried_are_close_enough_to_each_other() -> None:
    assert max(after / before for before, after in itertools.pairwise(CUTS)) < 1.08


def test_where_retries_alone_exceed_the_budget_it_still_ends() -> None:
    found = limit(world([part(300, error=0.3)], [part(400, error=0.3)]))
    assert found.solved.extra == pytest.approx(0.3 / 0.7, rel=0.05)
