"""The verdict on one SLO: what is counted, and what the counts say.

Fail: beyond chance worse than stable by more than the tolerance. It does not wait for `minCalls`: the evidence holds at
any time, so waiting would cost callers and buy nothing. Pass: at least `minCalls` calls with data, objective met, no
more than the margin worse than stable as far as observed, and proven so where `falsePromotionPercent` asks for proof.
Insufficient: everything else, an outage of both arms included. What a query says is in `query.py`, what a promoted
revision says in `baking.py`.
"""

from dataclasses import dataclass

import numpy as np

from understudy.api.evidence import JudgeState, Reading, Verdict
from understudy.api.rollout import Slo
from understudy.domain.routing.document import Arm
from understudy.domain.slo import alone, betting, measure, pace, words
from understudy.domain.slo.betting import Book, Terms
from understudy.domain.slo.policy import EVERY_CALL, JudgePolicy


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
        counted = {"stable_calls": state.stable_calls + 1, "stable_sum": state.stable_sum + bad}
    else:
        counted = {"canary_calls": state.canary_calls + 1, "canary_sum": state.canary_sum + bad}
    state = state.model_copy(update=counted)
    if 0 < weight < EVERY_CALL:
        return _compared(state, arm, bad, slo, weight)
    if weight >= EVERY_CALL and arm is Arm.CANARY:
        return state.model_copy(update=alone.update(state, bad, measure.allowed_badness(slo)))
    return state


def _compared(state: JudgeState, arm: Arm, bad: float, slo: Slo, weight: int) -> JudgeState:
    """`state` after a call whose arm was drawn by lot."""
    terms = Terms(weight / 100, measure.tolerance(slo), measure.margin(slo))
    book = betting.played(book_of(state, slo), np.array([bad]), np.array([arm is Arm.CANARY]), terms)
    return state.model_copy(
        update={
            "compared_calls": int(book.calls[0]),
            "compared_sum": float(book.total[0]),
            "compared_canary": int(book.canary[0]),
            "worse_wealth": tuple(book.worse[:, 0].tolist()),
            "reserve": float(book.reserve[0]),
            "fine_wealth": tuple(book.fine[:, 0].tolist()),
        }
    )


def book_of(state: JudgeState, slo: Slo) -> Book:
    """The bets of one rollout; those before any call where there are none, or those of an older release."""
    if (len(state.worse_wealth), len(state.fine_wealth)) != (len(betting.STAKES), len(betting.PROOF_STAKES)):
        return Book.opened(1, margin=measure.margin(slo))
    return Book(
        calls=np.array([float(state.compared_calls)]),
        total=np.array([state.compared_sum]),
        canary=np.array([float(state.compared_canary)]),
        worse=np.array(state.worse_wealth)[:, None],
        reserve=np.array([state.reserve]),
        fine=np.array(state.fine_wealth)[:, None],
    )


def standing(state: JudgeState, slo: Slo) -> Standing:
    """The means so far against what is asked."""
    return Standing(
        canary=state.canary_sum / state.canary_calls if state.canary_calls else None,
        stable=state.stable_sum / state.stable_calls if state.stable_calls else None,
        allowed=measure.allowed_badness(slo),
        margin=measure.margin(slo),
    )


@dataclass(frozen=True, slots=True)
class Odds:
    """A judge's evidence, as odds against chance."""

    worse: float
    fine: float
    misses: float

    @classmethod
    def of(cls, state: JudgeState, slo: Slo) -> "Odds":
        """That of `state`."""
        book = book_of(state, slo)
        misses = alone.evidence(state.alone_log_wealth, state.alone_calls)
        return cls(float(book.evidence()[0]), float(book.proof()[0]), misses)


def _failure(state: JudgeState, odds: Odds, policy: JudgePolicy) -> str | None:
    """Why the canary fails; None when it does not."""
    if state.stable_calls and policy.fails(odds.worse, state.canary_calls):
        return "Worse"
    if policy.fails(odds.misses, state.canary_calls):
        return "MissesObjective"
    return None


def _doubt(state: JudgeState, now: Standing, odds: Odds, policy: JudgePolicy) -> str | None:
    """Why a canary that does not fail does not pass either; None when it passes."""
    if now.canary is None:
        return "NoCalls"
    if state.canary_calls < policy.min_calls:
        return "TooFewCalls"
    if now.canary_misses and now.stable_misses and not now.beyond_margin:
        return "BothArmsBad"
    if now.canary_misses or now.beyond_margin:
        return "NotProven"
    return None if policy.passes(odds.fine, state.canary_calls) else "MoreProofNeeded"


def decide(state: JudgeState, slo: Slo, policy: JudgePolicy) -> tuple[Verdict, str]:
    """The verdict and its reason, a CamelCase word. The order of the lines is the order of precedence."""
    now, odds = standing(state, slo), Odds.of(state, slo)
    if failure := _failure(state, odds, policy):
        return Verdict.FAIL, failure
    if doubt := _doubt(state, now, odds, policy):
        return Verdict.INSUFFICIENT, doubt
    return Verdict.PASS, "Passed"


def read(state: JudgeState, slo: Slo, policy: JudgePolicy) -> Reading:
    """The verdict with every number it rests on, in the user's own terms."""
    verdict, reason = decide(state, slo, policy)
    now, odds = standing(state, slo), Odds.of(state, slo)
    shown = max(odds.worse, odds.misses)
    reading = Reading(
        dry_run=slo.dry_run,
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
        proof=round(odds.fine, 3),
        proof_needed=None if policy.proof_needed is None else round(policy.proof_needed, 3),
        calls_needed=pace.calls_needed(reason, state.canary_calls, shown, odds.fine, policy),
    )
    return reading.model_copy(update={"message": words.sentence(slo, reading, policy.min_calls)})
