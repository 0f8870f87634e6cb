"""Evidence that the canary misses its objective, for the time when stable takes no calls to compare with."""

import math
from collections.abc import Sequence
from typing import Any

from understudy.api.status import JudgeState
from understudy.domain.slo.betting import MOST_WEALTH

BETS = (0.1, 0.3, 0.5, 0.75, 0.95)
"""Shares of the largest stake that cannot ruin a bet: small ones find small differences, large ones large ones."""

LEAST = 0.01
"""An objective is taken as at least this and at most 1 - this, so that stakes stay finite."""

_ZERO = (0.0,) * len(BETS)


def evidence(log_wealth: Sequence[float]) -> float:
    """Mean wealth of all bets: the odds against chance so far; 1 before the first call."""
    if not log_wealth:
        return 1.0
    if max(log_wealth) > math.log(MOST_WEALTH * len(log_wealth)):
        return MOST_WEALTH
    return min(MOST_WEALTH, math.fsum(math.exp(each) for each in log_wealth) / len(log_wealth))


def bet(log_wealth: Sequence[float], bad: float, allowed: float) -> tuple[float, ...]:
    """Log wealth of the bets after a call of badness `bad`.

    With a true mean of at most `allowed`, 1 + b (bad - allowed) is at most 1 in expectation for every b in
    [0, 1/allowed).
    """
    limit = min(1 - LEAST, max(LEAST, allowed))
    return tuple(
        each + math.log1p(share / limit * (bad - limit)) for each, share in zip(log_wealth or _ZERO, BETS, strict=True)
    )


def update(state: JudgeState, bad: float, allowed: float) -> dict[str, Any]:
    """What changes in `state` by a call of badness `bad`."""
    return {
        "alone_calls": state.alone_calls + 1,
        "alone_sum": state.alone_sum + bad,
        "alone_log_wealth": bet(state.alone_log_wealth, bad, allowed),
    }
