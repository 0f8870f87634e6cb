"""All judges of a rollout together."""

import pytest

from understudy.api.rollout import DEFAULT_SLOS, Slo
from understudy.api.status import Reading, Verdict
from understudy.domain.calls.observation import CallEnd, CallObservation, TurnRecord
from understudy.domain.routing.document import Arm
from understudy.domain.slo import panel


def reading(verdict: Verdict, evidence: float = 1.0) -> Reading:
    return Reading(
        slo=f"{verdict}-{evidence}", metric="Turn", verdict=verdict, threshold=5, margin=1, evidence=evidence
    )


P, F, N, E = Verdict.PASS, Verdict.FAIL, Verdict.INSUFFICIENT, Verdict.ERROR


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [((), N), ((P, P), P), ((P, N), N), ((P, N, E), E), ((P, E, F), F), ((F, P), F)],
)
def test_one_fail_fails_and_only_all_pass_passes(verdicts: tuple[Verdict, ...], expected: Verdict) -> None:
    """Silence passes nothing."""
    assert panel.overall([reading(each) for each in verdicts]) is expected


def test_the_strongest_evidence_is_the_reason() -> None:
    readings = [reading(F, 70), reading(P), reading(F, 900)]
    assert panel.failing(readings) is readings[2]
    assert panel.failing([reading(P)]) is None


def test_a_judge_stays_while_it_measures_the_same() -> None:
    """A changed threshold starts anew; a changed objective does not."""
    first = panel.seat((), DEFAULT_SLOS)
    stricter = (Slo.turns_within("turn-latency", "1200ms", 1, 0), *DEFAULT_SLOS[1:])
    other = (Slo.turns_within("turn-latency", "800ms", 5, 2), *DEFAULT_SLOS[1:])
    counted = tuple(each.model_copy(update={"canary_calls": 4}) for each in first)
    assert panel.seat(counted, stricter) == counted
    assert [each.canary_calls for each in panel.seat(counted, other)] == [0, 4, 4]


def test_each_judge_hears_what_concerns_it() -> None:
    """A call without turns says something about drops and nothing about latency."""
    call = CallObservation(
        seq=1,
        call_id="c",
        revision="r",
        arm=Arm.CANARY,
        started_at=0,
        ended_at=1,
        recorded_at=1,
        end=CallEnd.DROPPED,
    )
    timed = call.model_copy(update={"turns": (TurnRecord(total_ms=10),)})
    judges = panel.hear(
        panel.seat((), DEFAULT_SLOS), DEFAULT_SLOS, [(Arm.CANARY, call), (Arm.CANARY, timed)], weight=50
    )
    assert [each.canary_calls for each in judges] == [1, 2, 1]
    assert [each.canary_sum for each in judges] == [0.0, 2.0, 0.0]
