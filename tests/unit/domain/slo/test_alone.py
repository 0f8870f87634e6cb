"""Without stable the canary is held against its objective, under the same guarantee."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.slo import alone
from understudy.domain.slo.betting import MOST_WEALTH

CHANCES = st.floats(min_value=0, max_value=1)


@given(CHANCES, CHANCES)
def test_no_bet_is_expected_to_gain_within_the_objective(chance: float, allowed: float) -> None:
    """Each factor is at most 1 in expectation while the true mean is within the objective."""
    limit = min(0.99, max(0.01, allowed))
    chance = min(chance, limit)
    lost, won = alone.bet((), 0.0, allowed), alone.bet((), 1.0, allowed)
    for good, bad in zip(lost, won, strict=True):
        assert (1 - chance) * math.exp(good) + chance * math.exp(bad) <= 1 + 1e-9


def test_evidence_is_one_before_any_call_and_is_cut_where_it_means_nothing_more() -> None:
    assert alone.evidence(()) == 1.0
    assert alone.evidence((0.0,) * 5) == pytest.approx(1.0)
    assert alone.evidence((5000.0,) * 5) == MOST_WEALTH
