"""When a request is cut: the point at which firing at the next deployment is worth more than waiting on.

With a log-normal time to the first clause, a share of hangs and a second deployment to go to, the distribution of the
whole turn is known for every possible cut. The cut that is taken makes its 95th percentile least, plus a price for
the extra request. The price is what keeps the spending within its share (`spending.py`).
"""

import math
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

QUANTILE = 0.95
"""The part of turns that is made fast: the usual objective, and the one the product is measured by."""

OVER = 4.0
"""What a turn over its budget costs, in budgets: losing one in a hundred is worth 4 % of the budget at the quantile."""

NEVER = 3.6
"""Standard deviations; past it a proper answer is one in six thousand."""

_GRID = tuple(0.6 + 0.15 * step for step in range(21))
_NORMAL = NormalDist()
_FAR = 40.0
"""Medians; stands for a hang."""


class Curve(NamedTuple):
    """The time to the first clause at one deployment.

    Attributes:
        location: mean of its logarithm.
        noise: standard deviation of its logarithm.
        hang: probability that it hangs or fails.
    """

    location: float
    noise: float
    hang: float


class Plan(NamedTuple):
    """What is best.

    Attributes:
        z: standard deviations above the first's mean at which to cut.
        tail: 95th percentile of the turn, in medians of the first.
    """

    z: float
    tail: float


def plan(first: Curve, second: Curve, budget_s: float, price: float) -> Plan:
    """When to cut `first`, and how long the turn takes then.

    Args:
        first: where the request is.
        second: where the next would go.
        budget_s: what is left of the budget.
        price: of one extra request, in the first's medians.
    """
    budget = budget_s * math.exp(-first.location)
    return _plan(
        (0, max(1, round(first.noise * 20)), min(99, round(first.hang * 100))),
        (
            max(-30, min(30, round((second.location - first.location) * 10))),
            max(1, round(second.noise * 20)),
            min(99, round(second.hang * 100)),
        ),
        max(0, min(200, round(budget * 4))),
        min(100, round(price * 10)),
    )


@lru_cache(maxsize=65_536)
def _plan(first: tuple[int, int, int], second: tuple[int, int, int], budget: int, price: int) -> Plan:
    """As `plan`, on rounded arguments, so that results can be kept; the first's location is 0."""
    return _search(_curve(first), _curve(second), 0.25 * budget, 0.1 * price)


def _curve(rounded: tuple[int, int, int]) -> Curve:
    return Curve(0.1 * rounded[0], 0.05 * rounded[1], 0.01 * rounded[2])


def _search(first: Curve, second: Curve, budget: float, price: float) -> Plan:
    best, least = Plan(NEVER, _FAR), math.inf
    for z in _GRID:
        cut = math.exp(z * first.noise)
        done = (1.0 - first.hang) * _NORMAL.cdf(z)
        tail = _quantile(first, second, cut, done)
        over = (1.0 - done) * (1.0 - _within(budget - cut, second)) if cut < budget else 1.0 - done
        cost = tail + price * (1.0 - done) + OVER * budget * over
        if cost < least:
            best, least = Plan(z, tail), cost
    return best


def _quantile(first: Curve, second: Curve, cut: float, done: float) -> float:
    """The turn's 95th percentile when `done` of the firsts are there by `cut`."""
    if done >= QUANTILE:
        return math.exp(first.noise * _NORMAL.inv_cdf(QUANTILE / (1.0 - first.hang)))
    rest = (QUANTILE - done) / (1.0 - done) / (1.0 - second.hang)
    if rest >= 1.0:
        return _FAR
    return cut + math.exp(second.location + second.noise * _NORMAL.inv_cdf(max(rest, 1e-6)))


def _within(time: float, curve: Curve) -> float:
    """Probability that an answer takes no longer."""
    if time <= 0:
        return 0.0
    return (1.0 - curve.hang) * _NORMAL.cdf((math.log(time) - curve.location) / curve.noise)
