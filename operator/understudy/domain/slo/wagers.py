"""Bets on one stream of numbers, against a limit that its mean should not pass: the part that all such bets share.

Each bet is multiplied by a factor that is at most 1 in expectation while the limit holds; so the chance that the sum of
all bets *ever* reaches 1/alpha is at most alpha (Ville's inequality). A reserve is paid into the bets over time, so
that many good calls do not bury the bad ones that follow (Shin, Ramdas & Rinaldo 2022). It depends on the number of
calls alone, so it needs no state. No numpy: proxies bet, too.
"""

import math
from collections.abc import Sequence

RESERVE = 0.03
"""Share of the wealth kept for bets that start later. Costs 3 % of the evidence on what is bad from the start."""

RESERVE_CALLS = 200.0
"""Half of the reserve is in play after this many calls, two thirds after twice as many: no end is assumed."""

MOST_WEALTH = 1e9
"""Evidence is cut here: beyond it, the number means nothing."""

LEAST = 0.01
"""A limit is taken as at least this, so that stakes stay finite; above 1 - this, nothing is bet: it cannot be missed
by enough to tell."""


def reserve(calls: int) -> float:
    """What of the reserve is not in play after that many calls."""
    return RESERVE * RESERVE_CALLS / (calls + RESERVE_CALLS)


def opened(bets: int) -> tuple[float, ...]:
    """Log wealth of each of so many bets before any call, each in units of its own share."""
    return (math.log1p(-RESERVE),) * bets


def played(log_wealth: Sequence[float], calls: int, gains: Sequence[float]) -> tuple[float, ...]:
    """Log wealth of each bet after one more call.

    Args:
        log_wealth: before; empty before the first call.
        calls: before.
        gains: of each bet, its factor minus 1; above -1.
    """
    paid = math.log(reserve(calls) - reserve(calls + 1))
    before = log_wealth if len(log_wealth) == len(gains) else opened(len(gains))
    return tuple(_sum(each + math.log1p(gain), paid) for each, gain in zip(before, gains, strict=True))


def _sum(one: float, other: float) -> float:
    """Logarithm of the sum of two numbers given as logarithms."""
    high, low = max(one, other), min(one, other)
    return high + math.log1p(math.exp(low - high))


def odds(log_wealth: Sequence[float], calls: int, shares: Sequence[float]) -> float:
    """The odds against chance so far: all bets and the reserve; 1 before the first call.

    Args:
        log_wealth: from `played`; empty before the first call.
        calls: so far.
        shares: of the wealth, for each bet; they add up to 1.
    """
    if len(log_wealth) != len(shares):
        return 1.0
    if max(log_wealth) > math.log(MOST_WEALTH) - math.log(min(shares)):
        return MOST_WEALTH
    held = math.fsum(share * math.exp(each) for share, each in zip(shares, log_wealth, strict=True))
    return min(MOST_WEALTH, held + reserve(calls))


def against(limit: float, bad: float, stakes: Sequence[float]) -> tuple[float, ...]:
    """What each bet that the mean is above `limit` gains by a call of badness `bad`.

    1 + b (bad - limit) is at most 1 in expectation for every b in [0, 1/limit) while the mean is at most `limit`.

    Args:
        limit: in [0, 1].
        bad: in [0, 1].
        stakes: shares of 1/limit, below 1: at 1 a single good call would take everything.
    """
    if limit > 1 - LEAST:
        return (0.0,) * len(stakes)
    held = max(LEAST, limit)
    return tuple(stake / held * (bad - held) for stake in stakes)
