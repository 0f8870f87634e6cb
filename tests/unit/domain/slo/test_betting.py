"""Evidence can be expected to grow only if the canary is worse."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.api.status import JudgeState
from understudy.domain.slo import betting

CHANCES = st.floats(min_value=0, max_value=1)
SETTLED = st.tuples(st.integers(min_value=0, max_value=200), CHANCES)


def expected_wealth(canary: float, stable: float, sizes: tuple[int, int], history: tuple[int, float]) -> list[float]:
    """Exact expectation of each bet's factor over all outcomes of one round of calls that are 0 or 1."""
    compared, mean = history
    total = [0.0] * len(betting.BETS)
    for outcome in itertools.product((0.0, 1.0), repeat=sum(sizes)):
        heard, other = outcome[: sizes[0]], outcome[sizes[0] :]
        chance = math.prod(canary if x else 1 - canary for x in heard)
        chance *= math.prod(stable if x else 1 - stable for x in other)
        state = JudgeState(
            slo="s", waiting_canary=heard, waiting_stable=other, compared_calls=compared, compared_sum=mean * compared
        )
        after = betting.settle(state, sizes)
        total = [so_far + chance * math.exp(wealth) for so_far, wealth in zip(total, after.log_wealth, strict=True)]
    return total


@given(CHANCES, CHANCES, st.sampled_from([(1, 1), (1, 3), (2, 1), (1, 6)]), SETTLED)
def test_no_bet_is_expected_to_gain_from_a_canary_that_is_no_worse(
    one: float, other: float, sizes: tuple[int, int], history: tuple[int, float]
) -> None:
    """What makes the false-alarm bound hold at every look: each factor is at most 1 in expectation under H0."""
    canary, stable = min(one, other), max(one, other)
    assert all(wealth <= 1 + 1e-9 for wealth in expected_wealth(canary, stable, sizes, history))


def test_every_bet_is_expected_to_gain_from_a_canary_that_is_worse() -> None:
    """Otherwise nothing would ever be found."""
    assert all(wealth > 1 for wealth in expected_wealth(0.5, 0.1, (1, 1), (50, 0.3)))


@given(CHANCES, CHANCES)
def test_alone_no_bet_is_expected_to_gain_within_the_objective(chance: float, allowed: float) -> None:
    """Without stable the canary is held against its objective, under the same guarantee."""
    limit = min(0.99, max(0.01, allowed))
    chance = min(chance, limit)
    lost, won = betting.bet_alone((), 0.0, allowed), betting.bet_alone((), 1.0, allowed)
    for good, bad in zip(lost, won, strict=True):
        assert (1 - chance) * math.exp(good) + chance * math.exp(bad) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("weight", "sizes"), [(1, (1, 10)), (10, (1, 9)), (25, (1, 3)), (50, (1, 1)), (80, (4, 1)), (99, (10, 1))]
)
def test_a_round_takes_as_many_calls_as_the_weight_sends(weight: int, sizes: tuple[int, int]) -> None:
    """At a small weight each canary call is compared with many stable ones, and counts for more."""
    assert betting.group_sizes(weight) == sizes


def test_a_round_waits_for_both_arms() -> None:
    """One arm alone is no comparison."""
    state = JudgeState(slo="s", waiting_canary=(1.0, 1.0))
    assert betting.settle(state, (1, 1)) is state


def test_evidence_is_one_before_any_round_and_is_cut_where_it_means_nothing_more() -> None:
    assert betting.evidence(()) == 1.0
    assert betting.evidence((0.0,) * 5) == pytest.approx(1.0)
    assert betting.evidence((5000.0,) * 5) == betting.MOST_EVIDENCE
