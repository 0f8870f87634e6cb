"""When a request is cut."""

import math

import pytest

from understudy.domain.routing.pool.deadline import Curve, cut_s

FAST = Curve(math.log(0.3), 0.25, 0.05)
FLAKY = Curve(math.log(0.3), 0.25, 0.2)
NEXT = Curve(math.log(0.35), 0.25, 0.05)


def cut(
    first: Curve = FAST, second: Curve = NEXT, aim_s: float = 0.6, budget_s: float = 1.2, price: float = 0.2
) -> float:
    return cut_s(first, second, aim_s, budget_s, price)


def test_the_dearer_an_extra_request_the_later_the_cut() -> None:
    waits = [cut(FLAKY, aim_s=0.8, price=price) for price in (0.0, 0.05, 0.3, 1.0, 3.0)]
    assert waits == sorted(waits)
    assert waits[-1] > 1.5 * waits[0]


def test_the_likelier_a_hang_the_earlier_the_cut() -> None:
    waits = [cut(Curve(FAST.location, FAST.noise, hang)) for hang in (0.3, 0.05, 0.0)]
    assert waits == sorted(waits)
    assert waits[0] < waits[-1]


def test_a_request_is_cut_while_the_next_one_can_still_make_it() -> None:
    """One that often hangs by half of the aim, one that seldom does by half of the budget."""
    assert 0.3 < cut(FLAKY, aim_s=0.8) < 0.8 - 0.35
    assert 0.3 < cut(FAST, budget_s=1.2) < 1.2 - 0.35


def test_with_a_slower_second_the_first_is_waited_for_longer() -> None:
    """It must be given up sooner to be of use, or not at all: there is no point in the middle."""
    assert cut(second=Curve(math.log(3.0), 0.25, 0.05)) > cut(second=NEXT)


def test_a_steady_deployment_is_cut_sooner_than_one_that_varies() -> None:
    """What has not come by then has hung."""
    assert cut(Curve(FAST.location, 0.1, 0.05)) < cut(Curve(FAST.location, 0.5, 0.05))


def test_when_the_aim_is_missed_the_budget_counts() -> None:
    """What is left to lose is the budget, so there is less haste than before."""
    missed = cut(aim_s=-0.1, budget_s=1.0)
    assert cut(aim_s=0.5, budget_s=1.0, price=0.05) <= missed < 1.0


@pytest.mark.parametrize(("aim_s", "budget_s"), [(-1.0, -0.5), (0.0, 0.0)])
def test_when_both_are_missed_only_the_price_counts(aim_s: float, budget_s: float) -> None:
    """Nothing is won by firing again: the longest wait that is weighed."""
    assert cut(aim_s=aim_s, budget_s=budget_s) == pytest.approx(6.0 * 0.3)


def test_waits_scale_with_the_times() -> None:
    """Everything ten times slower is cut ten times later."""
    slow, slower = (Curve(curve.location + math.log(10), curve.noise, curve.hang) for curve in (FAST, NEXT))
    assert cut(slow, slower, 6.0, 12.0) == pytest.approx(10 * cut())
