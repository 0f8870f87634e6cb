"""Without stable the canary is held against its objective, under the same guarantee."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.slo import alone
from understudy.domain.slo.wagers import MOST_WEALTH

CHANCES = st.floats(min_value=0, max_value=1)


@given(CHANCES, CHANCES, st.lists(CHANCES, max_size=30))
def test_nothing_is_expected_to_be_gained_within_the_objective(
    chance: float, allowed: float, before: list[float]
) -> None:
    """After any calls, one more is expected to leave the odds at most where they are."""
    chance = min(chance, max(0.01, allowed))
    wealth: tuple[float, ...] = ()
    for calls, bad in enumerate(before):
        wealth = alone.bet(wealth, calls, bad, allowed)
    now = alone.evidence(wealth, len(before))
    if now < MOST_WEALTH:
        good, bad = (alone.evidence(alone.bet(wealth, len(before), x, allowed), len(before) + 1) for x in (0.0, 1.0))
        assert (1 - chance) * good + chance * bad <= now * (1 + 1e-9)


def test_evidence_is_one_before_any_call_and_is_cut_where_it_means_nothing_more() -> None:
    assert alone.evidence((), 0) == 1.0
    assert alone.evidence((5000.0,) * 5, 100) == MOST_WEALTH


def test_many_good_calls_do_not_hide_the_bad_ones_that_follow() -> None:
    """Fifteen bad calls after a thousand good ones are evidence enough; without the reserve none would ever be."""
    wealth: tuple[float, ...] = ()
    for calls in range(1015):
        wealth = alone.bet(wealth, calls, float(calls >= 1000), 0.05)
    assert alone.evidence(wealth, 1015) > 1000


@pytest.mark.parametrize("stored", [(), (0.1, 0.2), (0.1,) * 8])
def test_bets_of_another_release_start_anew(stored: tuple[float, ...]) -> None:
    assert alone.evidence(stored, 7) == 1.0
    assert len(alone.bet(stored, 7, 1.0, 0.1)) == len(alone.BETS)
