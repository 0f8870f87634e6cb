"""Evidence that the canary misses a limit, for the time when stable takes no calls to compare with."""

from collections.abc import Sequence
from typing import Any

from understudy.api.evidence import JudgeState
from understudy.domain.slo import wagers

BETS = (0.1, 0.3, 0.5, 0.75, 0.95)
"""Shares of the largest stake that cannot ruin a bet: small ones find small differences, large ones large ones."""

SHARES = (1 / len(BETS),) * len(BETS)
"""Of the wealth, for each of BETS: nothing is known of the difference beforehand."""


def evidence(log_wealth: Sequence[float], calls: int) -> float:
    """The odds against chance so far; 1 before the first call."""
    return wagers.odds(log_wealth, calls, SHARES)


def bet(log_wealth: Sequence[float], calls: int, bad: float, limit: float) -> tuple[float, ...]:
    """Log wealth of the bets after a call of badness `bad`, with `calls` before it."""
    return wagers.played(log_wealth, calls, wagers.against(limit, bad, BETS))


def update(state: JudgeState, bad: float, allowed: float) -> dict[str, Any]:
    """What changes in `state` by a call of badness `bad`."""
    return {
        "alone_calls": state.alone_calls + 1,
        "alone_sum": state.alone_sum + bad,
        "alone_log_wealth": bet(state.alone_log_wealth, state.alone_calls, bad, allowed),
    }
