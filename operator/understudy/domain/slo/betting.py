"""Evidence that grows only if the canary is worse: betting against "it is not", call by call.

Each bet starts with wealth 1 and stakes a fixed share of it on the canary's next calls being worse than stable's. While
the canary is no worse, no bet can be expected to grow, so the chance that the mean wealth of all bets *ever* reaches
1/alpha is at most alpha (Ville's inequality): one may look after every call and stop at any time. Waudby-Smith & Ramdas
2020 (bounded means by betting), Howard, Ramdas, McAuliffe & Sekhon 2021 (validity at any time), Turner, Ly & Grünwald
2021 (two samples: bet on one, against the other).

A round takes the mean badness c of the canary's and s of stable's waiting calls, both in [0, 1], and multiplies each
bet's wealth by (1 + b (c - m)) (1 - b (s - m)), where m is the mean of all calls of earlier rounds. The arms are
independent, so with true means C <= S the expectation is at most (1 + b (S - m)) (1 - b (S - m)), which is
1 - b² (S - m)² and never above 1, whatever m is. Against betting on c - s alone this needs half the calls when a
canary is all bad (4 against 2 per round), and something that hits both arms at once only slows it down.
"""

import math
from collections.abc import Sequence

from understudy.api.status import JudgeState

BETS = (0.1, 0.3, 0.5, 0.75, 0.95)
"""Shares of the largest stake that cannot ruin a bet: small ones find small differences, large ones large ones."""

LEAST = 0.01
"""Means are taken as at least this and at most 1 - this, so that stakes stay finite."""

PRIOR_CALLS = 1.0
"""Weight, in rounds of two calls, of the guess of 0.5 before there is any call."""

MOST_EVIDENCE = 1e9
"""Shown and stored evidence is cut here: beyond it, the number means nothing."""

_ZERO = (0.0,) * len(BETS)


def evidence(log_wealth: Sequence[float]) -> float:
    """Mean wealth of all bets: the odds against chance so far; 1 before the first round."""
    if not log_wealth:
        return 1.0
    top = max(log_wealth)
    if top > math.log(MOST_EVIDENCE * len(log_wealth)):
        return MOST_EVIDENCE
    return min(MOST_EVIDENCE, math.fsum(math.exp(each) for each in log_wealth) / len(log_wealth))


def settle(state: JudgeState) -> JudgeState:
    """`state` after a round of what is waiting on both arms; unchanged while either arm has nothing waiting."""
    if not (state.pending_canary_calls and state.pending_stable_calls):
        return state
    canary = state.pending_canary_sum / state.pending_canary_calls
    stable = state.pending_stable_sum / state.pending_stable_calls
    middle = _mean_before(state)
    largest = 1 / max(middle, 1 - middle)
    wealth = tuple(
        each + math.log1p(share * largest * (canary - middle)) + math.log1p(-share * largest * (stable - middle))
        for each, share in zip(state.log_wealth or _ZERO, BETS, strict=True)
    )
    return state.model_copy(
        update={
            "log_wealth": wealth,
            "pairs": state.pairs + 1,
            "pending_canary_calls": 0,
            "pending_canary_sum": 0.0,
            "pending_stable_calls": 0,
            "pending_stable_sum": 0.0,
        }
    )


def _mean_before(state: JudgeState) -> float:
    """Mean badness of the rounds before this one, each arm counting the same; known before this round's calls."""
    arms = (
        (state.canary_sum - state.pending_canary_sum, state.canary_calls - state.pending_canary_calls),
        (state.stable_sum - state.pending_stable_sum, state.stable_calls - state.pending_stable_calls),
    )
    means = [total / calls for total, calls in arms if calls > 0]
    if not means:
        return 0.5
    guess = (0.5 * PRIOR_CALLS + state.pairs * sum(means) / len(means)) / (PRIOR_CALLS + state.pairs)
    return min(1 - LEAST, max(LEAST, guess))


def bet_alone(log_wealth: Sequence[float], bad: float, allowed: float) -> tuple[float, ...]:
    """Log wealth of the bets that the canary misses its objective, after a call of badness `bad`.

    For the time when stable takes no calls: with a true mean of at most `allowed`, 1 + b (bad - allowed) is at most 1
    in expectation for every b in [0, 1/allowed).
    """
    limit = min(1 - LEAST, max(LEAST, allowed))
    return tuple(
        each + math.log1p(share / limit * (bad - limit)) for each, share in zip(log_wealth or _ZERO, BETS, strict=True)
    )
