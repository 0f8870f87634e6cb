"""Ville's inequality in worlds of all kinds in which the canary is no worse: false alarms stay within alpha.

Hypothesis draws the world, the dice are seeded by it: a failure comes again. Bounds leave room for chance only as far
as rollouts are few: of 1000 with a true chance of at most 5 %, more than 7.5 % are seen once in thousands of runs.
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.domain.slo import betting
from understudy.domain.slo.betting import Book, Terms

ROLLOUTS, CALLS, ALPHA, SEEN = 1000, 150, 0.05, 0.075
CHANCES = st.floats(min_value=0, max_value=1)


@given(
    weight=st.sampled_from([1, 10, 25, 50, 80, 99]),
    margin=st.sampled_from([0.0, 0.01, 0.02, 0.05, 0.3]),
    regimes=st.lists(st.tuples(CHANCES, CHANCES), min_size=1, max_size=5),
    turns=st.integers(1, 10),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=25, deadline=None)
def test_a_canary_that_is_never_worse_is_blamed_no_more_often_than_allowed(
    weight: int, margin: float, regimes: list[tuple[float, float]], turns: int, seed: int
) -> None:
    """Whatever the arms are like, however that changes for both, at every weight, looked at after every call."""
    dice, book = np.random.default_rng(seed), Book.opened(ROLLOUTS, margin=margin)
    terms, worst = Terms(weight / 100, 0.0, margin), np.zeros(ROLLOUTS)
    for number in range(CALLS):
        one, other = regimes[number * len(regimes) // CALLS]
        on_canary = dice.random(ROLLOUTS) < terms.share
        chance = np.where(on_canary, min(one, other), max(one, other))
        book = betting.played(book, dice.binomial(turns, chance) / turns, on_canary, terms)
        worst = np.maximum(worst, book.evidence())
    assert (worst >= 1 / ALPHA).mean() <= SEEN
