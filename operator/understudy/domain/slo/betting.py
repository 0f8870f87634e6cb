"""Evidence that grows only if the canary is worse, or only if it is not: bets on finished calls, one by one.

Everything here works on arrays, elementwise: production judges one rollout, the benchmark ten thousand at once.

A bet starts with a share of wealth 1 and each call multiplies it. The arm of a call is drawn by lot: the canary with
probability w, whatever the call will be like. With stake b a canary call of badness x multiplies by 1 + b (x - c), a
stable one by 1 - b w/(1 - w) (x - s), where c - s is the `tolerance`. The expectation over the lot and the call is
1 + b w (C - S - tolerance) for true means C and S: at most 1 while the canary is not worse by more than the tolerance,
whatever c is, and whatever both arms suffer at once (time of day, outage, a hiccup of neighbouring calls). So the
chance that the sum of all bets *ever* reaches 1/alpha is at most alpha (Ville's inequality): one may look after every
call. That the canary is *not* worse, by a margin, is proven by the same bets with the sign turned round.

Waudby-Smith & Ramdas 2020 (bounded means by betting), Howard, Ramdas, McAuliffe & Sekhon 2021 (validity at any time),
Turner, Ly & Grünwald 2021 (two samples: bet on one, against the other). For the best b and c the growth is the least
Kullback-Leibler divergence from the true arms to arms that are not worse: no test finds a regression in fewer calls.
c is near the mean of all calls, which is learnt; b is mixed over a few. Against wealth lost on good calls before a late
regression, a reserve is paid out over time: bets that start later (Shin, Ramdas & Rinaldo 2022).
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from understudy.domain.slo.wagers import MOST_WEALTH, RESERVE, RESERVE_CALLS

Floats = NDArray[np.float64]

STAKES = (1.5, 3.0, 1000.0)
"""Bets on a regression, in units of (1 - w): the best one is the difference of means divided by the variance of calls.
3 is drops from 1 to 5 %, 1.5 from 2 to 5 %; the last takes as much as cannot ruin it, for what is plain."""

SMALLEST_SHARE = 0.12
"""Of the wealth, for the first of STAKES."""

LARGEST_SHARE = ((0.02, 0.05), (0.10, 0.55))
"""Of the wealth, for the last of STAKES, by the margin: most for what is plain, which has the fewest calls to spare;
little where a user who draws the line at a point or two expects regressions of a few. What is left is the second's."""

PROOF_STAKES = (0.3, 0.6, 0.9)
"""Bets on "not worse by the margin", as shares of the stake at which a single call could take everything: where bad
calls are rare, one of them costs a large stake nearly all."""

PROOF_SHARES = (0.25, 0.45, 0.30)
"""Of the wealth, for each of PROOF_STAKES; how much the calls vary is not known beforehand."""

CAP = 0.97
"""Share of the stake at which a single call could take everything; the largest that is played."""

PRIOR = 0.07
"""Mean badness guessed before there is any call. Any guess is valid."""

PRIOR_CALLS = 3.0
"""Weight of that guess, in calls."""

TINY = 1e-9
"""Keeps quotients finite."""


@dataclass(frozen=True, slots=True)
class Book:
    """The bets of one signal, in any number of rollouts: arrays of one shape, those of bets with one axis before it."""

    calls: Floats
    """Calls of both arms so far."""
    total: Floats
    """Their badness, summed."""
    canary: Floats
    """The canary's among `calls`."""
    worse: Floats
    """Wealth of each bet that the canary is worse."""
    reserve: Floats
    """Wealth kept for later bets that it is."""
    fine: Floats
    """Wealth of each bet that it is not worse by the margin."""

    @classmethod
    def opened(cls, *shape: int, margin: Any) -> Self:
        """A book before any call; `margin` as in the terms."""
        return cls(
            calls=np.zeros(shape),
            total=np.zeros(shape),
            canary=np.zeros(shape),
            worse=np.ones((len(STAKES), *shape)) * _stake_shares(margin, shape) * (1 - RESERVE),
            reserve=np.full(shape, RESERVE),
            fine=np.ones((len(PROOF_STAKES), *shape)) * _column(PROOF_SHARES, shape),
        )

    def evidence(self) -> Floats:
        """The odds against chance so far that the canary is worse; 1 before the first call."""
        odds: Floats = np.minimum(self.worse.sum(0) + self.reserve, MOST_WEALTH)
        return odds

    def proof(self) -> Floats:
        """The odds against chance so far that it is not worse by the margin; 1 before the first call."""
        odds: Floats = np.minimum(self.fine.sum(0), MOST_WEALTH)
        return odds


@dataclass(frozen=True, slots=True)
class Terms:
    """What is bet on."""

    share: float
    """Of new calls that go to the canary, in (0, 1)."""
    tolerance: Any
    """How much worse the canary may be; a number, or an array like the book's."""
    margin: Any
    """How much worse it must be shown not to be."""

    @property
    def odds(self) -> float:
        """Canary calls for each stable one."""
        return self.share / (1 - self.share)

    def centres(self, mean: Floats, apart: Any) -> tuple[Floats, Floats]:
        """Where the bets are fair: means of canary and stable that are `apart` and have `mean` as their mix."""
        return mean + (1 - self.share) * apart, mean - self.share * apart


def played(book: Book, bad: Floats, on_canary: NDArray[np.bool_], terms: Terms) -> Book:
    """`book` after one more call in each rollout.

    Args:
        book: before.
        bad: badness of the call in [0, 1].
        on_canary: whether it was the canary's.
        terms: decided before the call.
    """
    mean = (book.total + PRIOR * PRIOR_CALLS) / (book.calls + PRIOR_CALLS)
    paid = np.where(on_canary, book.reserve / (book.canary + RESERVE_CALLS), 0.0)
    worse = book.worse * _on_worse(bad, on_canary, mean, terms) + paid * _stake_shares(terms.margin, mean.shape)
    fine = book.fine * _on_fine(bad, on_canary, mean, terms)
    return Book(
        calls=book.calls + 1,
        total=book.total + bad,
        canary=book.canary + on_canary,
        worse=np.minimum(worse, MOST_WEALTH),
        reserve=book.reserve - paid,
        fine=np.minimum(fine, MOST_WEALTH),
    )


def _on_worse(bad: Floats, on_canary: NDArray[np.bool_], mean: Floats, terms: Terms) -> Floats:
    """What a call multiplies each bet on a regression by, given the mean of all calls before; above 0."""
    odds, (canary, stable) = terms.odds, terms.centres(mean, terms.tolerance)
    lean = np.where(on_canary, bad - canary, odds * (stable - bad))
    ruin = np.minimum(1 / canary, 1 / (odds * np.maximum(1 - stable, TINY)))
    size = np.minimum((1 - terms.share) * _column(STAKES, mean.shape), CAP * ruin)
    factors: Floats = 1 + size * lean
    return factors


def _on_fine(bad: Floats, on_canary: NDArray[np.bool_], mean: Floats, terms: Terms) -> Floats:
    """The same for each bet that there is none."""
    odds, (canary, stable) = terms.odds, terms.centres(mean, terms.margin)
    lean = np.where(on_canary, canary - bad, odds * (bad - stable))
    ruin = np.minimum(1 / np.maximum(1 - canary, TINY), 1 / (odds * np.maximum(stable, TINY)))
    factors: Floats = 1 + _column(PROOF_STAKES, mean.shape) * (ruin * lean)
    return factors


def _stake_shares(margin: Any, shape: tuple[int, ...]) -> Floats:
    """What share of the wealth each of STAKES gets, along an axis before those of `shape`."""
    largest = np.broadcast_to(np.interp(margin, *LARGEST_SHARE), shape)
    return np.stack([np.full(shape, SMALLEST_SHARE), 1 - SMALLEST_SHARE - largest, largest])


def _column(numbers: tuple[float, ...], shape: tuple[int, ...]) -> Floats:
    """One number for each bet, along an axis before those of `shape`."""
    return np.array(numbers).reshape(-1, *(1 for _ in shape))
