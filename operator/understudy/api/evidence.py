"""What is known of a canary, as `status` keeps it: readings, the judges' memory, golden calls, mirrored turns.

Times are RFC 3339 in UTC with milliseconds. Numbers of the judge are doubles, which JSON keeps exactly.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from understudy.api.base import ApiModel

MAX_BETS = 8
"""Sizes of bet that a judge plays at once."""

MAX_GOLDEN_FAILURES = 10
"""Golden calls told of that failed: the first say what is wrong, the rest mostly repeat it."""

Time = Annotated[str, Field(max_length=40, description="RFC 3339, UTC.")]
Name = Annotated[str, Field(max_length=253)]
Word = Annotated[str, Field(max_length=64)]
Text = Annotated[str, Field(max_length=2048)]


class Verdict(StrEnum):
    """What is known about the canary; no data is Insufficient, never Pass or Fail."""

    PASS = "Pass"
    FAIL = "Fail"
    INSUFFICIENT = "Insufficient"
    ERROR = "Error"


class Reading(ApiModel):
    """What one SLO reads now."""

    dry_run: bool = False
    """Shown only: without influence."""

    slo: Word
    metric: Word
    """Its signal, such as Turn or Quality."""
    verdict: Verdict
    reason: Word = ""
    """NoCalls, TooFewCalls, Passed, Worse, MissesObjective, BothArmsBad, NotProven, MoreProofNeeded, WorseThanBefore or
    CeilingReached; of a query OutOfBounds, NoValue (NaN), NoSeries (empty), Stale or SourceDown."""
    threshold: float
    """The objective, in percent."""
    margin: float
    """How much worse than stable is allowed, in percentage points."""
    value: float | None = None
    """The canary's, in percent; absent without data."""
    stable_value: float | None = None
    """Stable's over the same time, in percent."""
    canary_calls: int = 0
    stable_calls: int = 0
    evidence: float = 1.0
    """Odds against chance so far; Fail needs evidenceNeeded."""
    evidence_needed: float = 0.0
    proof: float = 1.0
    """Odds against chance so far that the canary is not worse by the margin."""
    proof_needed: float | None = None
    """What Pass needs of it; absent without falsePromotionPercent."""
    calls_needed: int | None = None
    """Canary calls until this SLO's verdict at the pace so far; absent once there is one, or while nobody can tell."""
    message: Text = ""


class JudgeState(ApiModel):
    """All that the judge of one SLO remembers. Sums are of badness: 0 is a perfect call, 1 the worst."""

    slo: Word
    signature: Word = ""
    """Of what was measured; a changed SLO starts anew."""
    canary_calls: int = 0
    canary_sum: float = 0.0
    stable_calls: int = 0
    stable_sum: float = 0.0
    compared_calls: int = 0
    """Calls of both arms that were compared: those that ended while both arms took calls."""
    compared_sum: float = 0.0
    compared_canary: int = 0
    """The canary's among them."""
    worse_wealth: Annotated[tuple[float, ...], Field(max_length=MAX_BETS)] = ()
    """Of each bet that the canary is worse than stable; empty before the first comparison."""
    reserve: float = 0.0
    """Wealth kept for bets that start later."""
    fine_wealth: Annotated[tuple[float, ...], Field(max_length=MAX_BETS)] = ()
    """Of each bet that the canary is not worse than stable by the margin."""
    alone_calls: int = 0
    """Canary calls while stable took none (weight 100)."""
    alone_sum: float = 0.0
    alone_log_wealth: Annotated[tuple[float, ...], Field(max_length=MAX_BETS)] = ()
    """Of each bet that the canary misses its objective."""
    before_log_wealth: Annotated[tuple[float, ...], Field(max_length=MAX_BETS)] = ()
    """While baking: of each bet that the promoted revision is worse than what the one before it read."""
    sampled_at: float = 0.0
    """Of a query: when its newest counted sample was taken, seconds since the epoch."""
    bad_in_a_row: int = 0
    """Of a query: values out of bounds since the last good one."""


class GoldenFailure(ApiModel):
    """A golden call that did not meet its expectations."""

    call: Name
    message: Text
    """Turn, expectation, and what came instead."""


class ReplayStatus(ApiModel):
    """The replay under way, or the last one of this rollout."""

    id: Word
    """New for each attempt; results of another one are not counted."""
    digest: Word = ""
    """Of the golden calls; others than these are played anew."""
    pod: Name
    """The proxy that plays the callers."""
    since: Time
    total: int = 0
    """Golden calls."""
    passed: int = 0
    done: bool = False
    error: Text = ""
    """Why it could not be played, such as a ConfigMap that is missing."""
    failed: int = 0
    failures: Annotated[tuple[GoldenFailure, ...], Field(max_length=MAX_GOLDEN_FAILURES)] = ()
    """The first ten."""


class ShadowStatus(ApiModel):
    """What mirrored turns have shown. Sums are over calls; each call counts with the mean of its mirrored turns."""

    calls: int = 0
    """Calls with mirrored turns."""
    turns: int = 0
    stable_bad: float = 0.0
    """Sum of stable's badness: the share of turns that were late, empty or failed."""
    canary_bad: float = 0.0
    worse_log_wealth: Annotated[tuple[float, ...], Field(max_length=MAX_BETS)] = ()
    """Of each bet that the canary is worse on the same turns."""


class Incident(ApiModel):
    """An outage of both arms: open while it lasts."""

    since: Time
    slo: Word
    message: Text
    """As first seen."""
