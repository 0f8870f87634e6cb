"""Evidence that grows only if the canary is worse: betting against "it is not", call by call.

Each bet starts with wealth 1 and stakes a fixed share of it on the canary's next calls being worse than stable's. While
the canary is no worse, no bet can be expected to grow, so the chance that the mean wealth of all bets *ever* reaches
1/alpha is at most alpha (Ville's inequality): one may look after every call and stop at any time. Waudby-Smith & Ramdas
2020 (bounded means by betting), Howard, Ramdas, McAuliffe & Sekhon 2021 (validity at any time), Turner, Ly & Grünwald
2021 (two samples: bet on one, against the other).

A round takes one call of the arm with fewer calls and g of the other, so many as the weight sends there. With stakes b
for the one and b/g for each of the others it multiplies a bet's wealth by 1 + stake (x - m) for each canary call of
badness x and by 1 - stake (x - m) for each stable one; m is the mean of all calls of earlier rounds. The arms are
independent, so if the true means are C <= S the expectation is at most (1 + b u) (1 - b u / g)^g <= exp(b u - b u) = 1
with u = S - m, whatever m is. Against betting on the difference alone this needs half the calls when a canary is all
bad (wealth times 4 against times 2 per pair), and something that hits both arms at once only slows it down.
"""

import math
from collections.abc import Sequence

from understudy.api.status import JudgeState

BETS = (0.1, 0.3, 0.5, 0.75, 0.95)
"""Shares of the largest stake that cannot ruin a bet: small ones find small differences, large ones large ones."""

LEAST = 0.01
"""Means are taken as at least this and at most 1 - this, so that stakes stay finite."""

PRIOR = 0.25
"""Mean badness guessed before there is any call: high enough to gain from a canary that is all bad, low enough to lose
little on calls that are all good. Any guess is valid."""

PRIOR_CALLS = 2.0
"""Weight of that guess, in calls."""

MOST_PER_ROUND = 10
"""Calls of the busier arm in a round: at lower weights than 10 the rest would add little and wait long."""

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


def group_sizes(weight: int) -> tuple[int, int]:
    """Calls of (canary, stable) in a round while the canary gets `weight` percent: about as many as arrive together."""
    weight = min(99, max(1, weight))
    stable_per_canary = min(MOST_PER_ROUND, max(1, round((100 - weight) / weight)))
    canary_per_stable = min(MOST_PER_ROUND, max(1, round(weight / (100 - weight))))
    return canary_per_stable, stable_per_canary


def settle(state: JudgeState, sizes: tuple[int, int]) -> JudgeState:
    """`state` after a round of the calls that waited longest; unchanged while either arm has too few waiting.

    Args:
        state: before.
        sizes: calls of (canary, stable) in the round; decided by the weight, never by what the calls were like.
    """
    from_canary, from_stable = sizes
    canary, stable = state.waiting_canary[:from_canary], state.waiting_stable[:from_stable]
    if len(canary) < from_canary or len(stable) < from_stable:
        return state
    middle = _mean_before(state)
    largest = min(from_canary / middle, from_stable / (1 - middle))
    wealth = tuple(
        each + _gain(canary, middle, share * largest) + _gain(stable, middle, -share * largest)
        for each, share in zip(state.log_wealth or _ZERO, BETS, strict=True)
    )
    return state.model_copy(
        update={
            "log_wealth": wealth,
            "rounds": state.rounds + 1,
            "waiting_canary": state.waiting_canary[from_canary:],
            "waiting_stable": state.waiting_stable[from_stable:],
            "compared_calls": state.compared_calls + from_canary + from_stable,
            "compared_sum": state.compared_sum + sum(canary) + sum(stable),
        }
    )


def _gain(calls: Sequence[float], middle: float, stake: float) -> float:
    """Log of what a stake on these calls being above (or, if negative, below) `middle` is multiplied by."""
    return math.fsum(math.log1p(stake / len(calls) * (bad - middle)) for bad in calls)


def _mean_before(state: JudgeState) -> float:
    """Mean badness of the rounds before this one; known before this round's calls are looked at."""
    guess = (state.compared_sum + PRIOR * PRIOR_CALLS) / (state.compared_calls + PRIOR_CALLS)
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
