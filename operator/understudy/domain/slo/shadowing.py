"""Paired evidence: the same turns, asked of stable's model and of the canary's.

A call gives d, the canary's share of bad turns minus stable's, in [-1, 1]. While the canary is not worse its mean is at
most 0, whatever the turns were like, so 1 + b d is at most 1 in expectation for every b in [0, 1): Ville's inequality
holds as for live calls. The pairing takes out what differs between callers, so a few calls tell much.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from understudy.api.evidence import Reading, ShadowStatus, Verdict
from understudy.api.rollout import LatencySignal, RatioSignal, ScoreSignal, Slo
from understudy.base.duration import parse_ms
from understudy.domain.calls.observation import CallObservation, CallPart, Defect, ShadowTurn
from understudy.domain.slo import pace, wagers
from understudy.domain.slo.policy import JudgePolicy

NAME = "shadow"
"""Of its reading, where others have an SLO's."""

STAKES = (0.1, 0.3, 0.5, 0.75, 0.95)
"""Bets, as shares of the stake at which a single call could take everything."""

SHARES = (1 / len(STAKES),) * len(STAKES)
"""Of the wealth, for each of STAKES."""

MARGIN = 0.05
"""How much worse the mirrored turns may look and pass, where no SLO on turns says it: a score's default."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What makes a mirrored turn bad; one without an answer always is."""

    threshold_ms: float | None
    """Longest good turn; None: time does not matter."""
    defects: frozenset[Defect]
    tolerance: float
    margin: float

    @classmethod
    def of(cls, slos: Iterable[Slo]) -> "Asked":
        """What `slos` ask of turns, dry runs left out. An empty answer is bad whatever they ask."""
        counting = [slo for slo in slos if not slo.dry_run]
        turn = next((s.latency for s in counting if s.latency and s.latency.signal is LatencySignal.TURN), None)
        defects = {Defect.EMPTY}
        if any(slo.score and slo.score.signal is ScoreSignal.QUALITY for slo in counting):
            defects |= set(Defect)
        if any(slo.ratio and slo.ratio.signal is RatioSignal.REPROMPTS for slo in counting):
            defects.add(Defect.REPROMPT)
        return cls(
            threshold_ms=parse_ms(turn.threshold) if turn else None,
            defects=frozenset(defects),
            tolerance=turn.tolerance_percent / 100 if turn else 0.0,
            margin=turn.margin_percent / 100 if turn else MARGIN,
        )

    def bad(self, model_ms: float | None, other_ms: float, defects: Sequence[Defect]) -> bool:
        """Whether a turn was late, empty or failed."""
        late = model_ms is None or (self.threshold_ms is not None and model_ms + other_ms > self.threshold_ms)
        return late or not self.defects.isdisjoint(defects)


def badness(turns: Sequence[ShadowTurn], asked: Asked) -> tuple[float, float] | None:
    """Shares of bad turns of (stable, canary) in a call; None without mirrored turns."""
    if not turns:
        return None
    stable = sum(asked.bad(turn.stable_ms, turn.other_ms, turn.stable_defects) for turn in turns)
    canary = sum(asked.bad(turn.canary_ms, turn.other_ms, turn.canary_defects) for turn in turns)
    return stable / len(turns), canary / len(turns)


def hear(status: ShadowStatus, calls: Iterable[CallObservation], slos: Iterable[Slo]) -> ShadowStatus:
    """`status` after finished calls, in the order of their start; those without mirrored turns say nothing."""
    asked = Asked.of(slos)
    for call in calls:
        found = badness(call.shadow, asked) if call.part is not CallPart.END else None
        if found:
            status = _after(status, len(call.shadow), *found, asked.tolerance)
    return status


def _after(status: ShadowStatus, turns: int, stable: float, canary: float, tolerance: float) -> ShadowStatus:
    apart = (canary - stable - tolerance) / (1 + tolerance)
    gains = [stake * apart for stake in STAKES]
    return status.model_copy(
        update={
            "calls": status.calls + 1,
            "turns": status.turns + turns,
            "stable_bad": status.stable_bad + stable,
            "canary_bad": status.canary_bad + canary,
            "worse_log_wealth": wagers.played(status.worse_log_wealth, status.calls, gains),
        }
    )


def evidence(status: ShadowStatus) -> float:
    """Odds so far that the canary is worse on the same turns; 1 before the first call."""
    return wagers.odds(status.worse_log_wealth, status.calls, SHARES)


def read(status: ShadowStatus, slos: Iterable[Slo], policy: JudgePolicy, min_calls: int) -> Reading:
    """The verdict on the mirrored turns.

    Args:
        status: what was heard.
        slos: as in `hear`.
        policy: of each test.
        min_calls: the step's; a floor under Pass.
    """
    odds, asked = evidence(status), Asked.of(slos)
    verdict, reason = _verdict(status, odds, asked.margin, policy, min_calls)
    stable, canary = (
        round(100 * bad / status.calls, 3) if status.calls else None for bad in (status.stable_bad, status.canary_bad)
    )
    reading = Reading(
        slo=NAME,
        metric="Shadow",
        verdict=verdict,
        reason=reason,
        threshold=0.0,
        margin=round(100 * asked.margin, 3),
        value=canary,
        stable_value=stable,
        canary_calls=status.calls,
        stable_calls=status.calls,
        evidence=round(odds, 3),
        evidence_needed=round(policy.evidence_needed, 3),
        calls_needed=pace.calls_needed(reason, status.calls, odds, 1.0, _of_step(policy, min_calls)),
    )
    return reading.model_copy(update={"message": _sentence(status, reading, min_calls)})


def _of_step(policy: JudgePolicy, min_calls: int) -> JudgePolicy:
    return JudgePolicy(min_calls, policy.evidence_needed)


def _verdict(
    status: ShadowStatus, odds: float, margin: float, policy: JudgePolicy, min_calls: int
) -> tuple[Verdict, str]:
    if policy.fails(odds, status.calls):
        return Verdict.FAIL, "Worse"
    if status.calls < min_calls:
        return Verdict.INSUFFICIENT, "TooFewCalls" if status.calls else "NoCalls"
    if status.canary_bad - status.stable_bad > margin * status.calls:
        return Verdict.INSUFFICIENT, "NotProven"
    return Verdict.PASS, "Passed"


def _sentence(status: ShadowStatus, reading: Reading, min_calls: int) -> str:
    if not status.calls:
        return f"mirrored turns: no data; 0 of {min_calls} calls"
    parts = [
        f"mirrored turns late, empty or failed: canary {reading.value:.4g} %, stable {reading.stable_value:.4g} %",
        f"the same {status.turns} turns of {status.calls} calls on both",
        f"evidence {reading.evidence:.4g} of {reading.evidence_needed:.4g}",
        f"{status.calls} of {min_calls} calls" if reading.reason == "TooFewCalls" else "",
    ]
    return "; ".join(part for part in parts if part)
