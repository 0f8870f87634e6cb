"""Evidence can be expected to grow only if the canary is worse, proof only if it is not."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.slo import betting
from understudy.domain.slo.betting import Book, Terms
from understudy.domain.slo.wagers import MOST_WEALTH

CHANCES = st.floats(min_value=0, max_value=1)
WEIGHTS = st.sampled_from([0.01, 0.1, 0.25, 0.5, 0.75, 0.99])
HISTORY = st.tuples(st.integers(min_value=0, max_value=200), CHANCES)
APART = st.sampled_from([0.0, 0.02, 0.3])

OUTCOMES = np.array(list(itertools.product((True, False), (0.0, 1.0))))
"""Of one call: whose it is, and how bad."""


def expected(canary: float, stable: float, history: tuple[int, float], terms: Terms) -> tuple[float, float]:
    """Exact expectation of (evidence, proof) after one call that is 0 or 1, over the lot and the call; 1 before."""
    calls, mean = history
    opened = Book.opened(len(OUTCOMES), margin=terms.margin)
    book = Book(
        calls=opened.calls + calls,
        total=opened.total + mean * calls,
        canary=opened.canary,
        worse=opened.worse,
        reserve=opened.reserve,
        fine=opened.fine,
    )
    on_canary, bad = OUTCOMES[:, 0] == 1, OUTCOMES[:, 1]
    after = betting.played(book, bad, on_canary, terms)
    mean_of_arm = np.where(on_canary, canary, stable)
    chance = np.where(on_canary, terms.share, 1 - terms.share) * np.where(bad == 1, mean_of_arm, 1 - mean_of_arm)
    return float((chance * after.evidence()).sum()), float((chance * after.proof()).sum())


@given(CHANCES, CHANCES, WEIGHTS, HISTORY, APART)
def test_no_evidence_is_expected_against_a_canary_that_is_no_worse(
    one: float, other: float, share: float, history: tuple[int, float], tolerance: float
) -> None:
    """What makes the false-alarm bound hold at every look, at any weight, after any history."""
    canary, stable = min(one, other + tolerance), other
    assert expected(canary, stable, history, Terms(share, tolerance, 0.05))[0] <= 1 + 1e-9


@given(CHANCES, CHANCES, WEIGHTS, HISTORY, APART)
def test_no_proof_is_expected_for_a_canary_that_is_worse_by_the_margin(
    one: float, other: float, share: float, history: tuple[int, float], margin: float
) -> None:
    """What makes the false-promotion bound hold."""
    stable = other * (1 - margin)
    canary = max(one, stable + margin)
    assert expected(canary, stable, history, Terms(share, 0.0, margin))[1] <= 1 + 1e-9


def test_evidence_is_expected_against_a_canary_that_is_worse() -> None:
    """Otherwise nothing would ever be found; and proof only for one that is not."""
    terms = Terms(0.1, 0.0, 0.05)
    assert expected(0.5, 0.1, (50, 0.14), terms)[0] > 1
    assert expected(0.1, 0.1, (50, 0.1), terms)[1] > 1


@given(
    st.lists(st.tuples(st.booleans(), CHANCES), max_size=60),
    st.sampled_from([0.01, 0.5, 0.99]),
    st.sampled_from([0.0, 0.5, 1.0]),
)
def test_no_bet_is_ever_ruined(calls: list[tuple[bool, float]], share: float, apart: float) -> None:
    """Wealth stays above zero whatever happens: what cannot recover would not see a late regression."""
    book = Book.opened(1, margin=0.05)
    for canary, bad in calls:
        book = betting.played(book, np.array([bad]), np.array([canary]), Terms(share, apart, apart))
    assert (book.worse > 0).all()
    assert (book.fine > 0).all()


def test_many_rollouts_at_once_come_to_the_same_as_each_alone() -> None:
    """The benchmark plays the production code on arrays; one row is what production has."""
    dice = np.random.default_rng(5)
    bad, canary = dice.random((40, 3, 2)), dice.random((40, 3, 2)) < 0.3
    terms, together = Terms(0.3, 0.0, 0.05), Book.opened(3, 2, margin=0.05)
    for each, whose in zip(bad, canary, strict=True):
        together = betting.played(together, each, whose, terms)
    alone = Book.opened(1, margin=0.05)
    for each, whose in zip(bad[:, 1, 0], canary[:, 1, 0], strict=True):
        alone = betting.played(alone, np.array([each]), np.array([whose]), terms)
    assert alone.evidence()[0] == together.evidence()[1, 0]
    assert alone.proof()[0] == together.proof()[1, 0]


def test_odds_are_one_before_any_call_and_are_cut_where_they_mean_nothing_more() -> None:
    book = Book.opened(1, margin=0.05)
    assert (book.evidence()[0], book.proof()[0]) == (pytest.approx(1.0), pytest.approx(1.0))
    for index in range(400):
        canary = index % 2 == 0
        book = betting.played(book, np.array([float(canary)]), np.array([canary]), Terms(0.5, 0.0, 0.0))
    assert book.evidence()[0] == MOST_WEALTH
