"""What one call says about one SLO."""

import pytest

from understudy.api.rollout import (
    LatencySignal,
    LatencySlo,
    RatioSignal,
    RatioSlo,
    ScoreSignal,
    ScoreSlo,
    Slo,
)
from understudy.domain.calls.observation import CallEnd, CallObservation, Defect, TurnRecord
from understudy.domain.routing.document import Arm
from understudy.domain.slo import measure

FAST = TurnRecord(total_ms=700)
SLOW = TurnRecord(total_ms=1201)
UNTIMED = TurnRecord()
UNANSWERED = TurnRecord(answered=False)
RESCUED = TurnRecord(total_ms=9000, rescued=True, defects=(Defect.EMPTY,))
EMPTY = TurnRecord(total_ms=700, defects=(Defect.EMPTY,))
REPROMPT = TurnRecord(total_ms=700, defects=(Defect.REPROMPT,))

TURN = Slo.turns_within("latency", "1200ms", 5, 2)
FIRST = Slo(name="first", latency=LatencySlo(signal=LatencySignal.FIRST_RESPONSE, threshold="2s"))


def ratio(signal: RatioSignal) -> Slo:
    return Slo(name="ratio", ratio=RatioSlo(signal=signal, max_percent=1))


def score(signal: ScoreSignal) -> Slo:
    return Slo(name="score", score=ScoreSlo(signal=signal, min_percent=80))


QUALITY = score(ScoreSignal.QUALITY)


def call(**fields: object) -> CallObservation:
    given = {
        "seq": 1,
        "call_id": "c",
        "revision": "r",
        "arm": Arm.CANARY,
        "started_at": 100.0,
        "ended_at": 160.0,
        "recorded_at": 160.0,
        "end": CallEnd.CALLER_HUNG_UP,
    }
    return CallObservation.model_validate(given | fields)


@pytest.mark.parametrize(
    ("slo", "observed", "expected"),
    [
        (TURN, call(turns=(FAST, SLOW, FAST, SLOW)), 0.5),
        (TURN, call(turns=(FAST, UNANSWERED)), 0.5),
        (TURN, call(turns=(FAST, UNTIMED)), 0.0),
        (TURN, call(turns=(FAST, RESCUED)), 0.0),
        (TURN, call(turns=(RESCUED,)), None),
        (TURN, call(turns=(FAST, UNANSWERED), completed=True), 0.0),
        (TURN, call(turns=()), None),
        (TURN, call(turns=(SLOW,), rescued=True), None),
        (FIRST, call(first_response_ms=1999), 0.0),
        (FIRST, call(first_response_ms=2001), 1.0),
        (FIRST, call(), 1.0),
        (FIRST, call(ended_at=101.0), None),
        (ratio(RatioSignal.DROPPED_CALLS), call(end=CallEnd.DROPPED), 1.0),
        (ratio(RatioSignal.DROPPED_CALLS), call(end=CallEnd.MAX_DURATION), 0.0),
        (ratio(RatioSignal.DROPPED_CALLS), call(end=CallEnd.DROPPED, rescued=True), None),
        (ratio(RatioSignal.FAILED_TOOLS), call(tool_calls=4, tool_failures=1), 0.25),
        (ratio(RatioSignal.FAILED_TOOLS), call(), None),
        (ratio(RatioSignal.WEBHOOK_ERRORS), call(webhook_calls=2, webhook_errors=3), 1.0),
        (ratio(RatioSignal.WEBHOOK_ERRORS), call(), None),
        (ratio(RatioSignal.REPROMPTS), call(turns=(FAST, REPROMPT)), 0.5),
        (ratio(RatioSignal.ABANDONMENT), call(completed=False), 1.0),
        (ratio(RatioSignal.ABANDONMENT), call(completed=None), None),
        (score(ScoreSignal.COMPLETION), call(completed=True), 0.0),
        (score(ScoreSignal.COMPLETION), call(completed=None), None),
        (QUALITY, call(turns=(FAST, EMPTY)), 0.5),
        (QUALITY, call(turns=(FAST, FAST, EMPTY), completed=True), 0.25),
        (QUALITY, call(turns=(FAST,), completed=False), 0.5),
        (QUALITY, call(turns=(FAST, RESCUED)), 0.0),
        (QUALITY, call(), None),
        (Slo(name="none"), call(turns=(FAST,)), None),
    ],
)
def test_a_call_is_a_number_between_perfect_and_worst(
    slo: Slo, observed: CallObservation, expected: float | None
) -> None:
    """No data is None and neither zero nor a failure; what stable did for the canary is no evidence (P2)."""
    assert measure.badness(slo, observed) == expected


def test_objectives_are_shown_the_way_they_were_written() -> None:
    """A score counts what is good, everything else what is bad."""
    assert measure.allowed_badness(QUALITY) == pytest.approx(0.2)
    assert measure.shown_percent(QUALITY, 0.25) == 75.0
    assert measure.shown_percent(TURN, 0.25) == 25.0
    assert measure.metric(Slo(name="query")) == "Prometheus"
    assert measure.margin(TURN) == pytest.approx(0.02)


def test_a_changed_threshold_measures_something_else() -> None:
    """Counts of one threshold say nothing about another; objective and margin may change without loss."""
    assert measure.signature(TURN) != measure.signature(Slo.turns_within("latency", "900ms", 5, 2))
    assert measure.signature(TURN) == measure.signature(Slo.turns_within("latency", "1200ms", 1, 0))
