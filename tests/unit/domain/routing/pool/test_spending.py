"""What extra requests cost."""

import random

import pytest

from understudy.domain.routing.pool.spending import EXPLORE_BELOW, HEDGE_BURST, MOST, Spending


def demand(spending: Spending, turns: int, seed: int = 1) -> float:
    """Turns that want an extra request when it is worth its price to them; share of turns that got one."""
    draw, spent = random.Random(seed), 0
    for _ in range(turns):
        extra = int(draw.expovariate(2.0) > spending.price)
        spending.turn(extra)
        spent += extra
    return spent / turns


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_the_price_keeps_extra_requests_within_their_share(share: float) -> None:
    """And uses the share nearly up."""
    spending = Spending(share)
    demand(spending, 20_000)
    assert 0.8 * share < demand(spending, 20_000, seed=2) <= 1.01 * share
    assert spending.spent == pytest.approx(share, rel=0.4)


def test_the_price_stays_within_bounds() -> None:
    """An outage does not drive it so high that it takes as long to come back."""
    spending = Spending(0.1)
    for _ in range(5000):
        spending.turn(3)
    assert spending.price == MOST
    for _ in range(50_000):
        spending.turn(0)
    assert spending.price == 0.0


def test_nothing_is_explored_while_requests_are_dear() -> None:
    assert Spending(0.1, price=EXPLORE_BELOW).may_explore()
    assert not Spending(0.1, price=EXPLORE_BELOW + 0.01).may_explore()


def test_hedges_run_out_in_an_outage_and_come_back_with_turns() -> None:
    """Some in a row; then as many as the share allows."""
    spending = Spending(0.1)
    assert [spending.hedge() for _ in range(int(HEDGE_BURST) + 3)].count(True) == HEDGE_BURST
    got = 0
    for _ in range(205):
        spending.turn(1)
        got += spending.hedge()
    assert got == 20


def test_hedges_are_not_saved_up_without_bound() -> None:
    spending = Spending(0.5)
    for _ in range(1000):
        spending.turn(0)
    assert spending.hedges == HEDGE_BURST
