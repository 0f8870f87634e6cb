"""What is kept of the proxies' reports, and for how long."""

from typing import Any

import pytest

from understudy.api.status import Cursor, Phase, Revision, RolloutStatus
from understudy.apps.controller.ports import Key
from understudy.apps.controller.reports import Reports
from understudy.domain.calls.observation import (
    CallEnd,
    CallObservation,
    GoldenResult,
    ProxyReport,
    ReplayReport,
    Stopped,
)
from understudy.domain.routing.document import Arm

KEY = Key("n", "a")
CANARY = Revision(name="c", object_name="a-c", agent_service="s")
ROLLING = RolloutStatus(canary=CANARY)


def call(seq: int) -> CallObservation:
    return CallObservation(
        seq=seq,
        call_id=str(seq),
        revision="c",
        arm=Arm.CANARY,
        started_at=1,
        ended_at=2,
        recorded_at=float(seq),
        end=CallEnd.CALLER_HUNG_UP,
    )


def report(*seqs: int, pod: str = "p", boot: str = "b", **more: Any) -> ProxyReport:
    values = {"generation": 1, **more}
    return ProxyReport(pod=pod, boot_id=boot, observations=tuple(call(each) for each in seqs), **values)


def counting(**cursors: int) -> RolloutStatus:
    return RolloutStatus(
        canary=CANARY, cursors=tuple(Cursor(boot_id=boot, pod="p", seq=seq) for boot, seq in cursors.items())
    )


def numbers(reports: Reports) -> list[int]:
    return [each.seq for found in reports.present(KEY).values() for each in found.observations]


def test_observations_are_kept_until_the_status_counts_them() -> None:
    reports = Reports()
    reports.follow(KEY, ROLLING)
    reports.receive(KEY, report(1, 2))
    reports.receive(KEY, report(3))
    assert numbers(reports) == [1, 2, 3]
    reports.follow(KEY, counting(b=2))
    assert numbers(reports) == [3]
    assert reports.newest(KEY) == 3.0


def test_what_is_told_twice_counts_once() -> None:
    reports = Reports()
    reports.follow(KEY, ROLLING)
    assert reports.receive(KEY, report(1, 2))
    assert not reports.receive(KEY, report(1, 2))
    assert numbers(reports) == [1, 2]


def test_a_new_process_of_the_operator_reads_on_where_the_status_stands() -> None:
    reports = Reports()
    reports.follow(KEY, counting(b=2))
    reports.receive(KEY, report(1, 2, 3))
    assert numbers(reports) == [3]
    assert reports.position(KEY, "p") == (3, 1)


def test_without_a_canary_nothing_is_evidence_and_nothing_is_kept() -> None:
    """Memory does not grow with calls (P15), and idle assistants cost no reconciliation per call."""
    reports = Reports()
    assert reports.receive(KEY, report())
    assert not reports.receive(KEY, report(1, 2, 3))
    assert numbers(reports) == []
    reports.follow(KEY, ROLLING)
    reports.receive(KEY, report(4))
    reports.follow(KEY, RolloutStatus())
    assert numbers(reports) == []


def test_news_is_what_a_decision_depends_on() -> None:
    reports = Reports()
    reports.receive(KEY, report(live_calls={"c": 1}))
    assert not reports.receive(KEY, report(live_calls={"c": 5}))
    assert reports.receive(KEY, report(live_calls={"c": 0}))
    assert reports.receive(KEY, report(generation=2))
    assert reports.receive(KEY, report(generation=2, draining=True))


@pytest.mark.parametrize("phase", [Phase.PROMOTING, Phase.BAKING])
def test_a_promoted_revision_is_judged_without_being_a_canary(phase: Phase) -> None:
    """While it bakes every call of it counts."""
    reports = Reports()
    reports.follow(KEY, RolloutStatus(phase=phase, stable=CANARY))
    assert reports.receive(KEY, report(1, 2))
    reports.follow(KEY, RolloutStatus(phase=phase, stable=CANARY))
    assert numbers(reports) == [1, 2]


def test_what_a_proxy_says_of_golden_calls_and_ceilings_is_news() -> None:
    """A rollback waits for no other news of that proxy."""
    reports = Reports()
    reports.receive(KEY, report())
    played = ReplayReport(id="r", results=(GoldenResult(name="hours"),))
    assert reports.receive(KEY, report(replay=played))
    assert not reports.receive(KEY, report(replay=played))
    assert reports.receive(KEY, report(replay=played.model_copy(update={"done": True})))
    stopped = Stopped(revision="c", slo="dropped", value_percent=50, ceiling_percent=25, calls=9, at=1.0)
    assert reports.receive(KEY, report(stopped=stopped))


def test_the_calls_of_a_proxy_that_is_gone_are_still_counted() -> None:
    """Its pod has left; what it told stays until the status has it."""
    reports = Reports()
    reports.follow(KEY, ROLLING)
    reports.receive(KEY, report(1, pod="p", boot="b"))
    reports.retain(KEY, frozenset({"q"}))
    assert reports.present(KEY) == {}
    (left,) = reports.departed(KEY)
    assert [each.seq for each in left.observations] == [1]
    reports.follow(KEY, counting(b=1))
    assert reports.departed(KEY) == ()


def test_a_container_that_was_restarted_is_another_process() -> None:
    reports = Reports()
    reports.follow(KEY, ROLLING)
    reports.receive(KEY, report(1, 2, boot="old"))
    reports.receive(KEY, report(1, boot="new"))
    assert reports.position(KEY, "p") == (1, 1)
    assert [each.seq for each in reports.present(KEY)["p"].observations] == [1]
    assert [each.seq for each in reports.departed(KEY)[0].observations] == [1, 2]
