"""The best sequence of (deployment, cut) for every state and every time already lost: backward induction.

The price of a turn is what it misses and what it spends:

    1[T > aim] + OVER · 1[T > budget] + LATE · 1[T > 2 · budget] + price · (requests beyond the first)

`T` is the time to the first clause. A state's turn that has lost `e` seconds fires at the deployment and with the cut
that make the expected price least; whatever is cut or fails goes on at `e` + cut.
"""

from dataclasses import dataclass
from typing import Any

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
    tables = _Tables(each, goal, step)
    for lost in range(tables.steps - 1, -1, -1):
        tables.fill(lost)
    shares = (float(each.weight @ table[:, 0]) for table in (tables.missed, tables.over, tables.extra))
    return Solved(step, tables.best, tables.cuts, tables.price, *shares)


class _Tables:
    """What is filled: states by time lost; and what every column (deployment and cut) stands for: states by columns."""

    def __init__(self, each: States, goal: Goal, step: float) -> None:
        self.each, self.goal, self.step = each, goal, step
        self.deadlines = deadlines(goal)
        self.steps = int(np.ceil(max(at for at, _ in self.deadlines) / step)) + 1
        count = each.median.shape[0]
        self.cuts = _steps(each.median[:, :, None] * CUTS, step).reshape(count, -1)
        self.fails = _wide(_steps(each.fails_after, step))
        self.done = _answered(each, self.cuts * step)
        self.error = _wide(each.error)
        self.goes_on = np.maximum(0.0, 1.0 - self.error - self.done)
        width = self.steps + int(max(self.cuts.max(), self.fails.max())) + 1
        self.price = np.full((count, width), sum(weight for _, weight in self.deadlines))
        self.missed, self.over = np.ones((count, width)), np.ones((count, width))
        self.extra = np.zeros((count, width))
        self.best = np.zeros((count, self.steps), dtype=np.intp)
        self._rows = np.arange(count)
        self._base = (self._rows * width)[:, None]

    def fill(self, lost: int) -> None:
        """All that begins after `lost` steps, from what begins later."""
        late = [np.maximum(0.0, self.done - self._within(at, lost)) for at, _ in self.deadlines]
        rest, each = self.price.ravel(), self._base + lost
        price = self.goal.price
        cost = self.error * (price + rest[each + self.fails]) + self.goes_on * (price + rest[each + self.cuts])
        for now, (_, weight) in zip(late, self.deadlines, strict=True):
            cost += weight * now
        chosen = self.best[:, lost] = cost.argmin(axis=1)
        self.price[:, lost] = cost[self._rows, chosen]
        self._add(self.missed, lost, chosen, late[0])
        self._add(self.over, lost, chosen, late[1])
        self._add(self.extra, lost, chosen, self.error + self.goes_on)

    def _within(self, at: float, lost: int) -> Floats:
        """Probability to have answered by a deadline, whatever the cut."""
        return _wide(self.each.answered(max(at - lost * self.step, 0.0)))

    def _add(self, table: Floats, lost: int, chosen: NDArray[np.intp], now: Floats) -> None:
        rows = self._rows
        cut = self.goes_on[rows, chosen] * table[rows, lost + self.cuts[rows, chosen]]
        failed = self.error[rows, chosen] * table[rows, lost + self.fails[rows, chosen]]
        table[:, lost] = now[rows, chosen] + cut + failed


def deadlines(goal: Goal) -> tuple[tuple[float, float], ...]:
    """(seconds, what it costs to miss them)."""
    return ((goal.aim, 1.0), (goal.budget, OVER), (2 * goal.budget, LATE))


def _steps(seconds: Floats, step: float) -> NDArray[np.intp]:
    return np.maximum(1, np.rint(seconds / step)).astype(np.intp)


def _wide(each: NDArray[Any]) -> NDArray[Any]:
    """Deployments to columns."""
    return np.repeat(each, len(CUTS), axis=1)


def _answered(each: States, seconds: Floats) -> Floats:
    """Probability to have answered at each column's cut."""
    parts = [_wide(part) for part in (each.median, each.sigma, each.hang, each.error)]
    return States(each.starts, each.weight, *parts, each.hang_s).answered(seconds)


def options(each: States, rest: Floats, goal: Goal, step: float, lost: int) -> tuple[Floats, Floats]:
    """Of each row's only deployment after `lost` steps: (least price, seconds to the cut); `rest` is `Solved.price`."""
    cuts, fails = _steps(each.median * CUTS, step), _steps(each.fails_after, step)
    done = each.answered(cuts * step)
    end = len(rest) - 1
    cost = each.error * (goal.price + rest[np.minimum(end, lost + fails)])
    cost = cost + np.maximum(0.0, 1.0 - each.error - done) * (goal.price + rest[np.minimum(end, lost + cuts)])
    for at, weight in deadlines(goal):
        cost += weight * np.maximum(0.0, done - each.answered(max(at - lost * step, 0.0)))
    chosen = cost.argmin(axis=1)
    rows = np.arange(len(cost))
    return cost[rows, chosen], cuts[rows, chosen] * step
