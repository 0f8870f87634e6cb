"""The verdict on one SLO: what is counted, and what the counts say.

Fail: beyond chance worse than stable, *and* enough to matter (the objective is missed, or stable is better by more than
the margin). It does not wait for `minCalls`: the evidence holds at any time, so waiting would cost callers and buy
nothing. Pass: at least `minCalls` calls with data, objective met, no more than the margin worse than stable.
Insufficient: everything else, an outage of both arms included. Error: the SLO's source does not answer.
"""

from dataclasses import dataclass

from understudy.api.rollout import Slo
from understudy.api.status import MAX_WAITING, JudgeState, Reading, Verdict
from understudy.domain.routing.document import Arm
from understudy.domain.slo import betting, measure, words

EVERY_CALL = 100
"""Percent: the weight at which stable takes no new calls."""

MIN_FAIL_CALLS = 5
"""Canary calls before a Fail: calls that run at the same moment share a provider's hiccup and are not independent."""


@dataclass(frozen=True, slots=True)
class JudgePolicy:
    """How strict the judge is."""

    min_calls: int
    """Canary calls with data before an SLO can pass."""
    evidence_needed: float
    """Odds against chance that make a Fail: the number of tests divided by alpha."""

    @classmethod
    def sharing(cls, min_calls: int, false_rollback_percent: float, tests: int) -> "JudgePolicy":
        """The policy of each of `tests` tests when all of them together may be wrong in `false_rollback_percent`."""
        return cls(min_calls, max(1, tests) * 100 / false_rollback_percent)


@dataclass(frozen=True, slots=True)
class Standing:
    """A judge's counts as means; None is no data."""

    canary: float | None
    stable: float | None
    allowed: float
    margin: float

    @property
    def canary_misses(self) -> bool:
        """Whether the canary misses its objective as far as observed."""
        return self.canary is not None and self.canary > self.allowed

    @property
    def stable_misses(self) -> bool:
        """Whether stable misses the objective too."""
        return self.stable is not None and self.stable > self.allowed

    @property
    def beyond_margin(self) -> bool:
        """Whether the canary is observed to be worse than stable by more than the margin."""
        return self.canary is not None and self.stable is not None and self.canary - self.stable > self.margin


def start(slo: Slo) -> JudgeState:
    """Nothing counted yet."""
    return JudgeState(slo=slo.name, signature=measure.signature(slo))


def update(state: JudgeState, arm: Arm, bad: float, slo: Slo, weight: int) -> JudgeState:
    """`state` after one finished call.

    Args:
        state: before.
        arm: the call's.
        bad: its badness in [0, 1], from `measure.badness`.
        slo: what is judged.
        weight: percent of new calls that the canary gets. At 100 there is nothing to compare with, and the canary is
            held against the objective alone.
    """
    if arm is Arm.STABLE:
        added = {
            "stable_calls": state.stable_calls + 1,
            "stable_sum": state.stable_sum + bad,
            "waiting_stable": (*state.waiting_stable, bad)[-MAX_WAITING:],
        }
        return betting.settle(state.model_copy(update=added), betting.group_sizes(weight))
    counted = state.model_copy(
        update={"canary_calls": state.canary_calls + 1, "canary_sum": state.canary_sum + bad},
    )
    if weight >= EVERY_CALL:
        return _alone(counted, bad, measure.allowed_badness(slo))
    waiting = counted.model_copy(update={"waiting_canary": (*state.waiting_canary, bad)[-MAX_WAITING:]})
    return betting.settle(waiting, betting.group_sizes(weight))


def _alone(state: JudgeState, bad: float, allowed: float) -> JudgeState:
    return state.model_copy(
        update={
            "alone_calls": state.alone_calls + 1,
            "alone_sum": state.alone_sum + bad,
            "alone_log_wealth": betting.bet_alone(state.alone_log_wealth, bad, allowed),
        }
    )


def standing(state: JudgeState, slo: Slo) -> Standing:
    """The means so far against what is asked."""
    return Standing(
        canary=state.canary_sum / state.canary_calls if state.canary_calls else None,
        stable=state.stable_sum / state.stable_calls if state.stable_calls else None,
        allowed=measure.allowed_badness(slo),
        margin=measure.margin(slo),
    )


def _failure(state: JudgeState, now: Standing, policy: JudgePolicy) -> str | None:
    """Why the canary fails: proven, and enough to matter. None when it does not."""
    if state.canary_calls < min(MIN_FAIL_CALLS, policy.min_calls):
        return None
    worse = betting.evidence(state.log_wealth) >= policy.evidence_needed
    if worse and (now.canary_misses or now.beyond_margin):
        return "Worse"
    misses = betting.evidence(state.alone_log_wealth) >= policy.evidence_needed
    if misses and state.alone_sum > now.allowed * state.alone_calls:
        return "MissesObjective"
    return None


def _doubt(state: JudgeState, now: Standing, policy: JudgePolicy) -> str | None:
    """Why a canary that does not fail does not pass either; None when it passes."""
    if now.canary is None:
        return "NoCalls"
    if state.canary_calls < policy.min_calls:
        return "TooFewCalls"
    if now.canary_misses and now.stable_misses and not now.beyond_margin:
        return "BothArmsBad"
    return "NotProven" if now.canary_misses or now.beyond_margin else None


def decide(state: JudgeState, slo: Slo, policy: JudgePolicy) -> tuple[Verdict, str]:
    """The verdict and its reason, a CamelCase word. The order of the lines is the order of precedence."""
    now = standing(state, slo)
    if slo.prometheus:
        return Verdict.ERROR, "NoSource"
    if failure := _failure(state, now, policy):
        return Verdict.FAIL, failure
    if doubt := _doubt(state, now, policy):
        return Verdict.INSUFFICIENT, doubt
    return Verdict.PASS, "Passed"


def read(state: JudgeState, slo: Slo, policy: JudgePolicy) -> Reading:
    """The verdict with every number it rests on, in the user's own terms."""
    verdict, reason = decide(state, slo, policy)
    now = standing(state, slo)
    shown = max(betting.evidence(state.log_wealth), betting.evidence(state.alone_log_wealth))
    reading = Reading(
        slo=slo.name,
        metric=measure.metric(slo),
        verdict=verdict,
        reason=reason,
        threshold=measure.shown_percent(slo, now.allowed),
        margin=round(100 * now.margin, 3),
        value=None if now.canary is None else measure.shown_percent(slo, now.canary),
        stable_value=None if now.stable is None else measure.shown_percent(slo, now.stable),
        canary_calls=state.canary_calls,
        stable_calls=state.stable_calls,
        evidence=round(shown, 3),
        evidence_needed=round(policy.evidence_needed, 3),
    )
    return reading.model_copy(update={"message": words.sentence(slo, reading, policy.min_calls)})
