"""The verdict on a revision that was promoted and bakes: late regressions, when stable takes no calls to compare with.

Fail: beyond chance it misses the objective, or it is worse by more than the margin than what the revision before it
read while both took calls. The second is held against an upper bound of that reading, so that a few lucky calls are no
yardstick. Where the revision before it missed the objective itself, that bound stands in for the objective: going back
to what was no better helps nobody.
"""

import math

from understudy.api.evidence import JudgeState, Reading, Verdict
from understudy.api.rollout import Slo
from understudy.domain.slo import alone, judge, measure, words
from understudy.domain.slo.policy import JudgePolicy

SPENT_ON_THE_BOUND = 0.5
"""Of a test's alpha, on the bound of the earlier reading; the rest is the bets'."""

HALVINGS = 50
"""Of the interval in which the bound lies: as exact as doubles are."""


def start(before: JudgeState, slo: Slo) -> JudgeState:
    """Nothing counted yet but what the revision before it read: stable's calls."""
    return judge.start(slo).model_copy(update={"stable_calls": before.stable_calls, "stable_sum": before.stable_sum})


def update(state: JudgeState, bad: float, slo: Slo, policy: JudgePolicy) -> JudgeState:
    """`state` after a finished call of the promoted revision, whose badness is `bad`."""
    before = alone.bet(state.before_log_wealth, state.alone_calls, bad, _worse_limit(state, slo, policy))
    counted = {
        "canary_calls": state.canary_calls + 1,
        "canary_sum": state.canary_sum + bad,
        "before_log_wealth": before,
        **alone.update(state, bad, _objective(state, slo, policy)),
    }
    return state.model_copy(update=counted)


def upper_bound(mean: float, calls: int, odds: float) -> float:
    """A number that the true mean of calls in [0, 1] is above with a chance of at most 1/odds, at any number of calls.

    The likelihood of a mean m against a uniform mixture of all means is at most (calls + 1) exp(-calls kl(mean, m))
    (Kaufmann & Koolen 2021); 1 without calls.
    """
    low, high, spent = mean, 1.0, math.log((calls + 1) * odds)
    if not calls:
        return 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if calls * _divergence(mean, middle) < spent else (low, middle)
    return high


def _divergence(mean: float, other: float) -> float:
    """Kullback and Leibler's, of two coins."""
    parts = ((mean, other), (1 - mean, 1 - other))
    return math.fsum(p * math.log(p / q) if q > 0 else math.inf for p, q in parts if p > 0)


def _bound(state: JudgeState, policy: JudgePolicy) -> float:
    mean = state.stable_sum / state.stable_calls if state.stable_calls else 1.0
    return upper_bound(mean, state.stable_calls, policy.evidence_needed / SPENT_ON_THE_BOUND)


def _objective(state: JudgeState, slo: Slo, policy: JudgePolicy) -> float:
    now = judge.standing(state, slo)
    return max(now.allowed, _bound(state, policy)) if now.stable_misses else now.allowed


def _worse_limit(state: JudgeState, slo: Slo, policy: JudgePolicy) -> float:
    return min(1.0, _bound(state, policy) + max(measure.margin(slo), measure.tolerance(slo)))


def evidence(state: JudgeState) -> tuple[float, float]:
    """Odds so far that it misses the objective, and that it is worse than what was read before."""
    worse = alone.evidence(state.before_log_wealth, state.alone_calls)
    return alone.evidence(state.alone_log_wealth, state.alone_calls), max(1.0, (1 - SPENT_ON_THE_BOUND) * worse)


def decide(state: JudgeState, slo: Slo, policy: JudgePolicy) -> tuple[Verdict, str]:
    """The verdict and its reason. Not failing is enough to go on baking; how long is the rollout's affair."""
    now, (misses, worse) = judge.standing(state, slo), evidence(state)
    if policy.fails(misses, state.alone_calls):
        return Verdict.FAIL, "MissesObjective"
    if policy.fails(worse, state.alone_calls):
        return Verdict.FAIL, "WorseThanBefore"
    if now.canary is None:
        return Verdict.INSUFFICIENT, "NoCalls"
    if state.canary_calls < policy.min_calls:
        return Verdict.INSUFFICIENT, "TooFewCalls"
    misses_alone = now.canary_misses and not now.stable_misses
    return (Verdict.INSUFFICIENT, "NotProven") if misses_alone or now.beyond_margin else (Verdict.PASS, "Passed")


def read(state: JudgeState, slo: Slo, policy: JudgePolicy) -> Reading:
    """The verdict with every number it rests on. Stable's value is what the revision before it read."""
    verdict, reason = decide(state, slo, policy)
    reading = judge.read(state, slo, policy).model_copy(
        update={
            "verdict": verdict,
            "reason": reason,
            "evidence": round(max(evidence(state)), 3),
            "proof_needed": None,
            "calls_needed": None,
        }
    )
    return reading.model_copy(update={"message": words.sentence(slo, reading, policy.min_calls)})
