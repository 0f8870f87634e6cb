"""A status is written at once for what anyone would want to see, and for counted calls every other second."""

from typing import Any

import pytest

from understudy.api.evidence import Incident, JudgeState, ReplayStatus, ShadowStatus
from understudy.api.status import Condition, ConditionStatus, Cursor, Phase, RolloutStatus, VoiceAssistantStatus
from understudy.apps.controller.pacing import INTERVAL_S, Pacer, to_json
from understudy.apps.controller.ports import Key
from understudy.base.clock import ManualClock

KEY = Key("shop", "front-desk")
AT = "2026-01-01T00:00:00.000Z"


def wait_s(changed: dict[str, Any]) -> float | None:
    """Seconds that a status with `changed` has to wait, right after one without it was written."""
    pacer = Pacer(ManualClock())
    pacer.wrote(KEY)
    return pacer.wait_s(KEY, to_json(VoiceAssistantStatus()), to_json(VoiceAssistantStatus(**changed)))


def rollout(**changed: Any) -> dict[str, Any]:
    return {"rollout": RolloutStatus(**changed)}


@pytest.mark.parametrize(
    "changed",
    [
        rollout(canary_calls=1),
        rollout(stable_calls=1),
        rollout(step_calls=1),
        rollout(judges=(JudgeState(slo="dropped"),)),
        rollout(cursors=(Cursor(boot_id="b", pod="p", seq=1, live_canary=2),)),
        rollout(shadow=ShadowStatus(calls=1)),
        rollout(enough_at=AT),
    ],
    ids=lambda changed: next(iter(changed["rollout"].model_fields_set)),
)
def test_numbers_that_move_with_every_call_are_not_hurried(changed: dict[str, Any]) -> None:
    """Each call would cost a write of every watcher's status."""
    assert wait_s(changed) == INTERVAL_S


@pytest.mark.parametrize(
    "changed",
    [
        rollout(phase=Phase.CANARY),
        rollout(weight=5),
        rollout(replay=ReplayStatus(id="r", pod="p", since=AT)),
        rollout(incident=Incident(since=AT, slo="dropped", message="both arms")),
        rollout(queued="a first"),
        rollout(document="d1"),
    ],
    ids=lambda changed: next(iter(changed["rollout"].model_fields_set)),
)
def test_what_somebody_waits_for_is_written_at_once(changed: dict[str, Any]) -> None:
    assert wait_s(changed) == 0.0


def test_a_condition_is_written_when_it_changes_and_not_for_its_words() -> None:
    def low(status: ConditionStatus, message: str) -> VoiceAssistantStatus:
        condition = Condition(
            type="TrafficTooLow", status=status, last_transition_time=AT, reason="TrafficTooLow", message=message
        )
        return VoiceAssistantStatus(conditions=(condition,))

    pacer = Pacer(ManualClock())
    pacer.wrote(KEY)
    before = to_json(low(ConditionStatus.TRUE, "3 calls an hour"))
    assert pacer.wait_s(KEY, before, to_json(low(ConditionStatus.TRUE, "4 calls an hour"))) == INTERVAL_S
    assert pacer.wait_s(KEY, before, to_json(low(ConditionStatus.FALSE, ""))) == 0.0
    assert pacer.wait_s(KEY, before, before) is None
