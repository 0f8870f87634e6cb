"""The best sequence of (deployment, cut) for every state and every time already lost: backward induction.

The price of a turn is what it misses and what it spends:

    1[T > aim] + OVER · 1[T > budget] + LATE · 1[T > 2 · budget] + price · (requests beyond the first)

`T` is the time to the first clause. A state's turn that has lost `e` seconds fires at the deployment and with the cut
that make the expected price least; whatever is cut or fails goes on at `e` + cut.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.bench.routing.states import Floats, States

OVER = 2.0
"""Weight of a turn over the budget: small enough that the 95th percentile is what it would be without it, large enough
that turns which have missed that are still answered within the budget where it is cheap."""

LATE = 1.0
"""Weight of a turn that takes twice the budget."""

CUTS = np.geomspace(0.8, 8.0, 34)
"""Cuts that are tried, in medians: 7 % apart."""


@dataclass(frozen=True)
class Goal:
    """Seconds to stay below, the budget in seconds, and the price of a request beyond the first."""

    aim: float
    budget: float
    price: float


@dataclass(frozen=True)
class Solved:
    """For every state and time lost: what is best, and what is to come; arrays of states by steps.

    Attributes:
        step: seconds between two times lost.
        best: column of the best (deployment, cut): deployment * len(CUTS) + cut.
        cuts: steps to wait, states by columns.
        price: expected price of the rest of the turn; longer than `best`, constant past its end.
        missed: share of turns beyond the aim, over all states.
        over: share beyond the budget.
        extra: requests beyond the first, per turn.
    """

    step: float
    best: NDArray[np.intp]
    cuts: NDArray[np.intp]
    price: Floats
    missed: float
    over: float
    extra: float


def solve(each: States, goal: Goal, step: float) -> Solved:
    """Everything, from the longest time lost back to none; deadlines past which nothing can be lost end it."""
    deadlines = ((goal.aim, 1.0), (goal.budget, OVER), (2 * goal.budget, LATE))
    steps = int(np.ceil(max(at for at, _ in deadlines) / step)) + 1
    count = each.median.shape[0]
    cuts = np.maximum(1, np.rint(each.median[:, :, None] * CUTS / step)).astype(np.intp).reshape(count, -1)
    done = _spread(each, cuts * step)
    error = np.repeat(each.error, len(CUTS), axis=1)
    fails = np.repeat(np.ceil(each.fails_after / step).astype(np.intp), len(CUTS), axis=1)
    fails = np.maximum(fails, 1)
    goes_on = np.maximum(0.0, 1.0 - error - done)
    rows = np.arange(count)
    width = steps + int(max(cuts.max(), fails.max())) + 1
    price = np.full((count, width), sum(weight for _, weight in deadlines))
    missed, over, extra = np.ones((count, width)), np.ones((count, width)), np.zeros((count, width))
    best = np.zeros((count, steps), dtype=np.intp)
    flat, base = price.ravel(), (rows * width)[:, None]
    for lost in range(steps - 1, -1, -1):
        cost = error * (goal.price + flat[base + lost + fails]) + goes_on * (goal.price + flat[base + lost + cuts])
        late = []
        for at, weight in deadlines:
            within = np.repeat(each.answered(max(at - lost * step, 0.0)), len(CUTS), axis=1)
            late.append(np.maximum(0.0, done - within))
            cost += weight * late[-1]
        chosen = best[:, lost] = cost.argmin(axis=1)
        price[:, lost] = cost[rows, chosen]
        after_cut, after_error = lost + cuts[rows, chosen], lost + fails[rows, chosen]
        cut, failed = goes_on[rows, chosen], error[rows, chosen]
        for table, now in ((missed, late[0]), (over, late[1])):
            table[:, lost] = now[rows, chosen] + cut * table[rows, after_cut] + failed * table[rows, after_error]
        extra[:, lost] = cut * (1 + extra[rows, after_cut]) + failed * (1 + extra[rows, after_error])
    shares = (float(each.weight @ table[:, 0]) for table in (missed, over, extra))
    return Solved(step, best, cuts, price, *shares)


def _spread(each: States, seconds: Floats) -> Floats:
    """Probability to have answered at each column's cut."""
    wide = [np.repeat(part, len(CUTS), axis=1) for part in (each.median, each.sigma, each.hang, each.error)]
    return States(each.starts, each.weight, *wide, each.hang_s).answered(seconds)


def options(each: States, rest: Floats, goal: Goal, step: float, lost: int) -> tuple[Floats, Floats]:
    """Of each row's only deployment after `lost` steps: (least price, seconds to the cut); `rest` is `Solved.price`."""
    cuts = np.maximum(1, np.rint(each.median * CUTS / step)).astype(np.intp)
    done = each.answered(cuts * step)
    fails = np.maximum(1, np.ceil(each.fails_after / step).astype(np.intp))
    end = len(rest) - 1
    cost = each.error * (goal.price + rest[np.minimum(end, lost + fails)])
    cost = cost + np.maximum(0.0, 1.0 - each.error - done) * (goal.price + rest[np.minimum(end, lost + cuts)])
    for at, weight in ((goal.aim, 1.0), (goal.budget, OVER), (2 * goal.budget, LATE)):
        cost += weight * np.maximum(0.0, done - each.answered(max(at - lost * step, 0.0)))
    chosen = cost.argmin(axis=1)
    rows = np.arange(len(cost))
    return cost[rows, chosen], cuts[rows, chosen] * step
