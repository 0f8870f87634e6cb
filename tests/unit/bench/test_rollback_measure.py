"""The rollback benchmark's arithmetic: what starts its clock and what stops it."""

import pytest

from tests.bench.rollback_measure import STAGES, Policy, measure, tipping
from tests.bench.rollback_watch import Seen, Version
from understudy.api.rollout import LatencySignal, LatencySlo, RolloutSpec, Slo
from understudy.api.status import Cursor, Phase, Rejected, Revision, RolloutStatus
from understudy.domain.calls.observation import CallEnd, CallObservation
from understudy.domain.rollout.times import to_text
from understudy.domain.routing.document import Arm

BEGAN = 1_000_000.0
BOOT = "boot-1"
POLICY = Policy(
    RolloutSpec(min_calls=3, false_rollback_percent=20),
    (Slo(name="first", latency=LatencySlo(signal=LatencySignal.FIRST_RESPONSE, threshold="800ms")),),
)
REVISIONS = {
    arm: Revision(name=name, object_name=f"desk-{name}", agent_service="desk-agent")
    for arm, name in ((Arm.STABLE, "good"), (Arm.CANARY, "bad"))
}
BEFORE = RolloutStatus(
    phase=Phase.CANARY, stable=REVISIONS[Arm.STABLE], canary=REVISIONS[Arm.CANARY], weight=50,
    started_at=to_text(BEGAN), generation=6,
)  # fmt: skip
TIPS = 6
"""Calls, three of each arm and alternating, that make the verdict Fail under `POLICY`; five do not."""


def call(seq: int) -> CallObservation:
    """Odd numbers are good calls of stable, even ones slow calls of the canary; one is recorded each second."""
    arm = Arm.CANARY if seq % 2 == 0 else Arm.STABLE
    return CallObservation(
        seq=seq, call_id=f"CA{seq}", revision=REVISIONS[arm].name, arm=arm, started_at=BEGAN + seq - 1,
        ended_at=BEGAN + seq, recorded_at=BEGAN + seq, end=CallEnd.CALLER_HUNG_UP,
        first_response_ms=2000.0 if arm is Arm.CANARY else 100.0,
    )  # fmt: skip


def decided(counted: int) -> RolloutStatus:
    """The status that takes the canary back, having counted so many calls."""
    return BEFORE.model_copy(
        update={
            "phase": Phase.ROLLING_BACK,
            "canary": None,
            "generation": 7,
            "canary_calls": counted // 2,
            "rejected": Rejected(name="bad", at=to_text(BEGAN + TIPS + 0.5)),
            "cursors": (Cursor(boot_id=BOOT, pod="pod-1", seq=counted),),
        }
    )


def calls(count: int) -> dict[str, list[CallObservation]]:
    return {BOOT: [call(seq) for seq in range(1, count + 1)]}


@pytest.mark.parametrize("counted", [TIPS, TIPS + 1, TIPS + 4])
def test_the_clock_starts_with_the_first_observation_that_suffices(counted: int) -> None:
    """Calls that the operator happened to count as well are later, and would make the rollback look quicker."""
    assert tipping(BEFORE, decided(counted), calls(counted), POLICY) == BEGAN + TIPS


@pytest.mark.parametrize("counted", [0, TIPS - 1])
def test_a_rollback_that_its_calls_do_not_explain_is_not_measured(counted: int) -> None:
    """Calls past the cursors were not counted, however bad they were."""
    with pytest.raises(LookupError):
        tipping(BEFORE, decided(counted), calls(TIPS + 4), POLICY)


def seen_after(applied: dict[str, dict[int, float]]) -> Seen:
    return Seen(
        versions=[Version(BEGAN, BEFORE), Version(BEGAN + TIPS + 0.6, decided(TIPS))],
        routed={7: BEGAN + TIPS + 0.75},
        applied=applied,
        calls=calls(TIPS),
    )


def test_the_clock_stops_with_the_last_proxy() -> None:
    """A generation that follows at once acknowledges the rollback as well."""
    seen = seen_after({"pod-1": {6: BEGAN, 7: BEGAN + TIPS + 0.8, 8: BEGAN + 99}, "pod-2": {8: BEGAN + TIPS + 1.0}})
    found = measure("bad", seen, frozenset({"pod-1", "pod-2"}), POLICY)
    assert found
    assert found.total_ms == pytest.approx(1000)
    assert list(found.stages_ms.values()) == pytest.approx([500, 100, 150, 250])
    assert tuple(found.stages_ms) == STAGES


@pytest.mark.parametrize("second", [{}, {6: BEGAN}])
def test_a_proxy_that_has_not_acknowledged_is_waited_for(second: dict[int, float]) -> None:
    """Its earlier generations are no acknowledgement."""
    seen = seen_after({"pod-1": {7: BEGAN + TIPS + 0.8}, "pod-2": second})
    assert measure("bad", seen, frozenset({"pod-1", "pod-2"}), POLICY) is None
