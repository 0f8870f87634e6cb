"""What one call says about one SLO."""

from typing import Any

import pytest

from tests.unit.domain.slo.calls import call
from understudy.api.rollout import (
    LatencySignal,
    LatencySlo,
    PrometheusSlo,
    RatioSignal,
    RatioSlo,
    ScoreSignal,
    ScoreSlo,
    Slo,
)
from understudy.domain.calls.observation import CallEnd, CallObservation, CallPart, Defect, TurnRecord
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


EVERY_SIGNAL = (
    TURN,
    FIRST,
    QUALITY,
    *(ratio(each) for each in RatioSignal),
    *(score(each) for each in ScoreSignal if each is not ScoreSignal.QUALITY),
)

LONG: dict[str, Any] = {
    "turns": (FAST, SLOW, EMPTY),
    "first_response_ms": 900,
    "tool_calls": 2,
    "tool_failures": 1,
    "webhook_calls": 2,
    "webhook_errors": 1,
    "interruptions": 1,
    "judge_score": 0.5,
    "webhook_score": 0.5,
    "completed": False,
    "end": CallEnd.DROPPED,
}


@pytest.mark.parametrize("slo", EVERY_SIGNAL, ids=measure.metric)
def test_a_call_told_in_two_parts_counts_once_by_each_signal(slo: Slo) -> None:
    """Its turns while it goes on, its end at the end; nothing twice, nothing left out."""
    told = [measure.badness(slo, call(**LONG, part=part)) for part in CallPart]
    whole, first, last = told
    assert whole is not None
    assert (first is None) != (last is None)


def test_a_long_call_is_judged_by_its_turns_before_it_ends() -> None:
    """Dropped is told by its end; how it ended is no item beside its first turns."""
    assert measure.badness(TURN, call(**LONG, part=CallPart.TURNS)) == pytest.approx(1 / 3)
    assert measure.badness(QUALITY, call(**LONG, part=CallPart.TURNS)) == pytest.approx(1 / 3)
    assert measure.badness(ratio(RatioSignal.DROPPED_CALLS), call(**LONG, part=CallPart.END)) == 1.0
    hung_up = {"turns": (FAST, UNANSWERED), "completed": True, "part": CallPart.TURNS}
    assert measure.badness(TURN, call(**hung_up)) == 0.5, "the last of these turns was not the last of the call"


def test_a_call_that_never_ended_was_dropped_and_says_nothing_else() -> None:
    """Its proxy was gone before it could tell."""
    known = {measure.metric(slo): measure.badness_of_lost(slo) for slo in EVERY_SIGNAL}
    assert {name for name, bad in known.items() if bad is not None} == {"DroppedCalls"}
    assert known["DroppedCalls"] == 1.0


def test_ceilings_and_floors_are_badness() -> None:
    """A floor under a score is a ceiling on what is missing of it."""
    floored = Slo(name="f", score=ScoreSlo(signal=ScoreSignal.QUALITY, min_percent=80, floor_percent=60))
    topped = Slo(name="t", ratio=RatioSlo(signal=RatioSignal.DROPPED_CALLS, max_percent=1, ceiling_percent=25))
    assert [measure.ceiling(each) for each in (floored, topped, TURN)] == [pytest.approx(0.4), 0.25, None]


def test_another_query_measures_something_else() -> None:
    one, other = (Slo(name="q", prometheus=PrometheusSlo(query=text, max="1")) for text in ("up", "down"))
    looser = Slo(name="q", prometheus=PrometheusSlo(query="up", max="2"))
    assert measure.signature(one) != measure.signature(other)
    assert measure.signature(one) == measure.signature(looser)
