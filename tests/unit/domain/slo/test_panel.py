"""All judges of a rollout together."""

import pytest

from tests.unit.domain.slo.calls import dropped
from understudy.api.evidence import Reading, Verdict
from understudy.api.rollout import DEFAULT_SLOS, PrometheusSlo, Slo
from understudy.domain.calls.observation import CallEnd, CallObservation, TurnRecord
from understudy.domain.routing.document import Arm
from understudy.domain.slo import panel
from understudy.domain.slo.policy import JudgePolicy
from understudy.domain.slo.query import Sample, SampleKind


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


POLICY = JudgePolicy(min_calls=8, evidence_needed=100)
QUERY = Slo(name="q", prometheus=PrometheusSlo(query="up", max="1"))
MIXED = (DEFAULT_SLOS[1], QUERY)


def samples(*values: float) -> dict[str, list[Sample]]:
    return {"q": [Sample(SampleKind.VALUE, value, float(at)) for at, value in enumerate(values)]}


def test_a_dry_run_is_shown_and_has_no_influence() -> None:
    """Neither on the verdict nor on who is blamed; alone it passes nothing."""
    tried = reading(F, 900).model_copy(update={"dry_run": True})
    assert panel.overall([tried, reading(P)]) is P
    assert panel.overall([tried]) is N
    assert panel.failing([tried]) is None
    assert panel.counting([tried, reading(P)]) == (reading(P),)


def test_a_dry_run_is_judged_like_any_other() -> None:
    """So that its reading says what it would have done."""
    slos = (DEFAULT_SLOS[1].model_copy(update={"dry_run": True}),)
    calls = [(arm, dropped(yes=arm is Arm.CANARY)) for _ in range(40) for arm in Arm]
    found = panel.read_all(panel.hear(panel.seat((), slos), slos, calls, weight=50), slos, POLICY)
    assert (found[0].verdict, found[0].dry_run) == (F, True)
    assert found[0].message.endswith("dry run: without influence")


def test_queries_are_asked_and_calls_are_heard_side_by_side() -> None:
    """Each SLO by its own means; answers from before the rollout are no evidence in it."""
    judges = panel.seat((), MIXED)
    told = samples(0.5, 9.0, 9.0, 9.0)
    asked = panel.ask(judges, MIXED, told, began=0.0)
    later = panel.ask(judges, MIXED, told, began=2.0)
    assert [each.verdict for each in panel.read_all(asked, MIXED, POLICY, told)] == [N, F]
    assert [each.verdict for each in panel.read_all(later, MIXED, POLICY, told)] == [N, N]
    assert panel.hear(asked, MIXED, [(Arm.CANARY, dropped())], weight=50)[1] == asked[1]


def test_calls_that_never_ended_are_dropped_calls_of_their_arm() -> None:
    """They count for drops, and for nothing else."""
    judges = panel.hear_lost(panel.seat((), DEFAULT_SLOS), DEFAULT_SLOS, Arm.CANARY, 3, weight=50)
    assert [each.canary_calls for each in judges] == [0, 3, 0]
    assert judges[1].canary_sum == 3.0


def test_calls_that_a_baking_revision_lost_are_dropped_calls_of_it() -> None:
    judges = panel.seat_baking(panel.seat((), DEFAULT_SLOS), DEFAULT_SLOS)
    judges = panel.hear_lost_baking(judges, DEFAULT_SLOS, 8, POLICY)
    assert [each.canary_calls for each in judges] == [0, 8, 0]
    assert [each.verdict for each in panel.read_baking(judges, DEFAULT_SLOS, POLICY)] == [N, F, N]


def test_a_baking_revision_is_judged_against_what_was_read_before() -> None:
    """Calls of the rollout are the yardstick; the promoted revision starts with none of its own."""
    calls = [(arm, dropped(yes=False)) for _ in range(40) for arm in Arm]
    judges = panel.seat_baking(panel.hear(panel.seat((), MIXED), MIXED, calls, weight=50), MIXED)
    assert (judges[0].canary_calls, judges[0].stable_calls) == (0, 40)
    judges = panel.hear_baking(judges, MIXED, [dropped()] * 10, POLICY)
    readings = panel.read_baking(judges, MIXED, POLICY, samples(0.5))
    assert [each.reason for each in readings] == ["MissesObjective", "Passed"]
