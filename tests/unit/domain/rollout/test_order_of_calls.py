"""Whatever order reports come in, and however often: each call once, in the order of its start."""

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from understudy.api.status import Cursor, Phase, Revision, RolloutStatus, VoiceAssistantStatus
from understudy.domain.calls.observation import CallEnd, CallObservation, ProxyReport
from understudy.domain.rollout.evidence import judged, new_calls
from understudy.domain.rollout.inputs import Observation, ProxyPod
from understudy.domain.routing.document import Arm

CALLS = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 10_000)), max_size=30)
"""Whether a call was the canary's, whether it was dropped, and when it began."""


def rollout(**fields: Any) -> RolloutStatus:
    stable, canary = (Revision(name=name, object_name=name, agent_service=name) for name in ("old", "new"))
    return RolloutStatus(phase=Phase.CANARY, stable=stable, canary=canary, weight=50, **fields)


def reports(calls: list[tuple[bool, bool, int]]) -> list[ProxyReport]:
    """What two proxies tell, which took these calls in turn."""
    told: list[list[CallObservation]] = [[], []]
    for index, (canary, dropped, began) in enumerate(calls):
        mine = told[index % 2]
        call = CallObservation(
            seq=len(mine) + 1,
            call_id=f"call-{index}",
            revision="new" if canary else "old",
            arm=Arm.CANARY if canary else Arm.STABLE,
            started_at=float(began),
            ended_at=20_000.0,
            recorded_at=20_000.0,
            end=CallEnd.DROPPED if dropped else CallEnd.CALLER_HUNG_UP,
        )
        mine.append(call)
    return [
        ProxyReport(pod=pod, boot_id=pod, generation=1, observations=tuple(each))
        for pod, each in zip(("a", "b"), told, strict=True)
    ]


def seen(given: list[ProxyReport]) -> Observation:
    pods = tuple(ProxyPod(pod=each.pod, ready=True, report=each) for each in given)
    return Observation(namespace="n", assistant="a", status=VoiceAssistantStatus(), proxies=pods)


@given(CALLS, st.integers(0, 2**32))
def test_calls_known_together_are_heard_in_the_order_of_their_start(
    calls: list[tuple[bool, bool, int]], seed: int
) -> None:
    """Whichever proxy took them and whichever answers first."""
    told = reports(calls)
    heard = new_calls(rollout(), seen(told))
    assert [call.started_at for _, call in heard] == sorted(float(began) for *_, began in calls)
    shuffled = [
        each.model_copy(
            update={"observations": tuple(random.Random(seed).sample(each.observations, len(each.observations)))}
        )
        for each in reversed(told)
    ]
    assert new_calls(rollout(), seen(shuffled)) == heard


@given(CALLS, st.integers(0, 30), st.integers(0, 2**32))
def test_what_is_reported_again_changes_nothing(calls: list[tuple[bool, bool, int]], cut: int, seed: int) -> None:
    """Old observations come again with new ones, in any order, after a restart: each call counts once."""
    told, early = reports(calls), reports(calls[:cut])
    once = judged(judged(rollout(), seen(early), 0.0), seen(told), 0.0)
    state = rollout()
    for number, shown in enumerate((early, early, told, told)):
        random.Random(seed + number).shuffle(shown)
        state = RolloutStatus.model_validate_json(judged(state, seen(shown), 0.0).model_dump_json(by_alias=True))
    assert state.judges == once.judges
    assert (state.canary_calls, state.stable_calls) == (once.canary_calls, once.stable_calls)
    assert once.canary_calls + once.stable_calls == len(calls)


def test_a_call_that_was_counted_is_known_by_its_process_and_number() -> None:
    """Another process begins at one again: its calls are others."""
    told = reports([(True, True, 5)])
    assert new_calls(rollout(cursors=(Cursor(boot_id="a", pod="a", seq=1),)), seen(told)) == []
    assert len(new_calls(rollout(cursors=(Cursor(boot_id="z", pod="a", seq=1),)), seen(told))) == 1
