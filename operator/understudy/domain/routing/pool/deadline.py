"""When a request is cut: the point at which firing at the next deployment is worth more than waiting on.

With a log-normal time to the first clause, a share of hangs and a second deployment to go to, the distribution of the
whole turn is known for every possible cut. A turn that misses the pool's aim costs one, a turn over its budget more; an
extra request costs a price, which keeps the spending within its share (`spending.py`). The cut that costs least is
taken.
"""

import math
from functools import lru_cache
from typing import NamedTuple

OVER_BUDGET = 2.0
"""What a turn over its budget costs, in turns that miss the aim."""

FAR_OVER = 1.0
"""What it costs on top when it is over twice its budget."""

_MULTIPLES = tuple(0.9 * (6.0 / 0.9) ** (step / 25) for step in range(26))
"""Cuts that are weighed, in medians of the first: from before its usual answer to past any proper one."""

_SQRT2 = math.sqrt(2.0)


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


def cut_s(first: Curve, second: Curve, aim_s: float, budget_s: float, price: float) -> float:
    """How long to wait for `first`, seconds.

    Args:
        first: where the request is.
        second: where the next would go.
        aim_s: what is left until the turn misses the pool's aim; not above 0 when it has.
        budget_s: the same for its budget.
        price: of one extra request, in turns that miss the aim.
    """
    median = math.exp(first.location)
    multiple = _search(
        (0.0, max(0.05, round(first.noise, 2)), round(first.hang, 2)),
        (round(second.location - first.location, 1), max(0.05, round(second.noise, 1)), round(second.hang, 2)),
        max(0, round(aim_s / median * 20)),
        max(0, min(400, round(budget_s / median * 10))),
        round(price, 1) if price > 0.5 else round(price, 2),  # noqa: PLR2004 - finer where it matters
    )
    return multiple * median


@lru_cache(maxsize=32_768)
def _search(
    first: tuple[float, float, float], second: tuple[float, float, float], aim: int, budget: int, price: float
) -> float:
    """The best multiple of the first's median, on rounded arguments, so that results can be kept."""
    one, two = Curve(*first), Curve(*second)
    deadlines = ((aim / 20, 1.0), (budget / 10, OVER_BUDGET), (budget / 5, FAR_OVER))
    costs = [_cost(one, two, cut, deadlines, price) for cut in _MULTIPLES]
    best: float = _MULTIPLES[costs.index(min(costs))]
    return best


def _cost(first: Curve, second: Curve, cut: float, deadlines: tuple[tuple[float, float], ...], price: float) -> float:
    done = _within(cut, first)
    cost = price * (1.0 - done)
    for deadline, weight in deadlines:
        if deadline > 0:
            late = max(0.0, done - _within(deadline, first))
            cost += weight * (late + (1.0 - done) * (1.0 - _within(deadline - cut, second)))
    return cost


def _within(time: float, curve: Curve) -> float:
    """Probability that an answer takes no longer."""
    if time <= 0:
        return 0.0
    return (1.0 - curve.hang) * 0.5 * math.erfc((curve.location - math.log(time)) / (curve.noise * _SQRT2))
