"""The limit: the least 95th percentile that cuts can reach with true knowledge and the same tokens.

Over a whole world the policy that is sought makes the share of turns above `aim` least among those that spend no more
than `EXTRA` requests a turn beyond the first; `aim` is then lowered until that share is 5 %. Both are found by
bisection: of the price, whose rise lowers the spending, and of the aim.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.bench.routing.solve import Goal, Solved, solve
from tests.bench.routing.states import States, states
from tests.bench.routing.world import World

EXTRA = 0.10
"""Requests beyond the first, per turn: the bound that users get as well."""

MISSED = 0.05
"""Share of turns above the 95th percentile."""

CANDIDATES = 6
"""Deployments of a state that are considered: the best at each of three horizons, twice."""

LEAST_PRICE, MOST_PRICE = 0.002, 100.0
"""Of an extra request, in turns that miss the aim: as good as nothing, and more than anything."""

CLOSE = 1.05
"""A price is found when it is bracketed this closely."""

COARSE_S, FINE_S = 0.02, 0.01
SAMPLED = 80
"""States that the aim is sought on; the price is then corrected on all."""


@dataclass(frozen=True)
class Limit:
    """The solution and what it is about.

    Attributes:
        solved: of every set of candidates that differs from the others.
        rows: the row of `solved` for each state.
        chosen: the deployments that its columns stand for, states by candidates.
    """

    solved: Solved
    rows: NDArray[np.intp]
    chosen: NDArray[np.intp]
    states: States
    goal: Goal


def limit(world: World) -> Limit:
    """Of the whole world."""
    every = states(world)
    rows = np.unique(np.linspace(0, len(every.starts) - 1, SAMPLED).round().astype(np.intp))
    aim, price = _aim(every.only(rows), world.budget_s)
    return at_aim(every, aim, world.budget_s, price)


def at_aim(every: States, aim: float, budget_s: float, price: float) -> Limit:
    """The policy for a given aim; the price is sought near `price`."""
    chosen = candidates(every, aim)
    few, rows = every.pick(chosen).distinct()
    goal, solved = _priced(few, aim, budget_s, price, FINE_S)
    return Limit(solved, rows, chosen, every, goal)


def candidates(every: States, aim: float) -> NDArray[np.intp]:
    """The deployments of each state that are likeliest to answer within the aim, two thirds and a third of it."""
    count = min(CANDIDATES // 3, every.median.shape[1])
    ranked = [np.argsort(-every.answered(part * aim), axis=1)[:, :count] for part in (1.0, 0.65, 0.4)]
    return np.concatenate(ranked, axis=1)


def _aim(some: States, budget_s: float) -> tuple[float, float]:
    fastest = np.sort(some.median, axis=1)[:, 0]
    low, high, price = float(fastest.min()), float(fastest.max() * 6 + 0.1), 0.3
    while high - low > 0.004 * low:
        aim = 0.5 * (low + high) if high > 1.5 * low else (low * high) ** 0.5
        goal, solved = _priced(some.pick(candidates(some, aim)), aim, budget_s, price, COARSE_S)
        price = max(goal.price, 0.01)
        low, high = (aim, high) if solved.missed > MISSED else (low, aim)
    return high, price


def _priced(few: States, aim: float, budget_s: float, near: float, step: float) -> tuple[Goal, Solved]:
    """The least price at which no more than the allowance is spent, to a few per cent, beginning near `near`."""

    def at(price: float) -> tuple[Goal, Solved]:
        goal = Goal(aim, budget_s, price)
        return goal, solve(few, goal, step)

    low, found = near, at(near)
    while found[1].extra <= EXTRA and low > LEAST_PRICE:
        low /= 3.0
        found = at(low)
    if found[1].extra <= EXTRA:
        return found
    high = low
    # Where more than the allowance fails, retries alone exceed it at any price.
    while found[1].extra > EXTRA and high < MOST_PRICE:
        low, high = high, high * 3.0
        found = at(high)
    while high > CLOSE * low:
        middle = at((low * high) ** 0.5)
        if middle[1].extra > EXTRA:
            low = middle[0].price
        else:
            high, found = middle[0].price, middle
    return found
