"""What the routing document asks of proxies besides weights: replays, mirrors, ceilings, scores, a warm predecessor."""

from dataclasses import replace
from typing import Any

import pytest

from understudy.api.base import LocalRef
from understudy.api.evidence import ReplayStatus
from understudy.api.quality import ScoreWebhook
from understudy.api.rollout import (
    RatioSignal,
    RatioSlo,
    ReplayStep,
    RolloutSpec,
    ScoreSignal,
    ScoreSlo,
    ShadowStep,
    Slo,
    Step,
)
from understudy.api.status import Phase, Revision, RolloutStatus, VoiceAssistantStatus
from understudy.domain.calls.golden import GoldenCall, GoldenTurn
from understudy.domain.rollout.inputs import Observation
from understudy.domain.rollout.routing import content_digest, routing_document
from understudy.domain.routing.document import QualityOrder, RoutingDocument

STEPS = (
    Step(replay=ReplayStep(calls_ref=LocalRef(name="golden"))),
    Step(shadow=ShadowStep(percent=20)),
    Step(set_weight=9),
)
CALLS = (GoldenCall(name="hours", turns=(GoldenTurn(say="Are you open?"),)),)
REPLAY = ReplayStatus(id="r1", pod="proxy-0", since="2026-01-01T00:00:00.000Z")


def revision(name: str) -> Revision:
    return Revision(name=name, object_name=f"front-desk-{name}", agent_service="agent-1")


def rollout(phase: Phase = Phase.CANARY, **more: Any) -> RolloutStatus:
    values = {"stable": revision("old"), "canary": revision("new"), "generation": 7, "phase": phase, **more}
    return RolloutStatus(**values)


def seen(**more: Any) -> Observation:
    values = {"policy": RolloutSpec(steps=STEPS), "golden": CALLS, "slos": (), **more}
    return Observation("shop", "front-desk", VoiceAssistantStatus(), **values)


def document(state: RolloutStatus, world: Observation | None = None) -> RoutingDocument:
    made = routing_document(world or seen(), VoiceAssistantStatus(rollout=state))
    return RoutingDocument.model_validate(made.to_json())


def test_golden_calls_are_ordered_from_the_proxy_that_the_status_names() -> None:
    order = document(rollout(replay=REPLAY)).replay
    assert order
    assert (order.id, order.pod, order.calls) == ("r1", "proxy-0", CALLS)


@pytest.mark.parametrize(
    "state",
    [
        rollout(),
        rollout(replay=REPLAY.model_copy(update={"done": True})),
        rollout(replay=REPLAY.model_copy(update={"error": "no voice"})),
        rollout(Phase.PAUSED, replay=REPLAY, pause_reason="ReplayFailed"),
        rollout(replay=REPLAY, step_index=1),
        rollout(replay=REPLAY, step_index=3),
        rollout(Phase.ROLLING_BACK, replay=REPLAY, canary=None),
        rollout(Phase.STABLE, replay=REPLAY, canary=None),
    ],
    ids=[
        "none yet",
        "done",
        "could not be played",
        "failed already",
        "another step",
        "every step done",
        "taken back",
        "stable",
    ],
)
def test_the_order_is_withdrawn_when_it_is_over(state: RolloutStatus) -> None:
    assert document(state).replay is None


def test_without_calls_there_is_no_order() -> None:
    """Their ConfigMap is gone, or wrong: the rules make a failure of it."""
    assert document(rollout(replay=REPLAY), seen(golden=())).replay is None


@pytest.mark.parametrize(
    ("state", "percent"),
    [
        (rollout(step_index=1), 20),
        (rollout(step_index=0), 0),
        (rollout(step_index=2), 0),
        (rollout(step_index=3), 0),
        (rollout(Phase.PAUSED, step_index=1), 0),
        (rollout(Phase.PREPARING, step_index=1), 0),
    ],
)
def test_turns_are_mirrored_in_the_shadow_step_only(state: RolloutStatus, percent: int) -> None:
    """Each is paid for twice: not in a pause."""
    assert document(state).shadow_percent == percent


def slo(name: str, **more: Any) -> Slo:
    return Slo(name=name, ratio=RatioSlo(signal=RatioSignal.DROPPED_CALLS, max_percent=1, **more))


LIMITED = slo("limited", ceiling_percent=10)
FLOOR = Slo(name="floor", score=ScoreSlo(signal=ScoreSignal.QUALITY, min_percent=80, floor_percent=50))


def test_only_slos_with_a_ceiling_are_told_and_none_that_is_only_tried_out() -> None:
    tried = LIMITED.model_copy(update={"dry_run": True, "name": "tried"})
    plain = Slo(name="plain", score=ScoreSlo(signal=ScoreSignal.QUALITY, min_percent=80))
    world = seen(slos=(slo("without"), LIMITED, tried, FLOOR, plain))
    assert document(rollout(), world).ceilings == (LIMITED, FLOOR)
    assert document(rollout(Phase.STABLE, canary=None), world).ceilings == ()


def test_whoever_scores_is_told_in_every_phase() -> None:
    """Stable's calls are scored, too: what a canary is compared with."""
    order = QualityOrder(webhook=ScoreWebhook(url="https://scores.example"))
    for phase in Phase:
        assert document(rollout(phase, canary=None), seen(quality=order)).quality == order


@pytest.mark.parametrize("phase", [Phase.PROMOTING, Phase.BAKING])
def test_the_one_before_stable_stays_at_hand_while_it_bakes(phase: Phase) -> None:
    """Proxies hold its snapshot, and find its agents: it takes over at once."""
    state = rollout(phase, stable=revision("new"), canary=None, previous=revision("old"))
    assert [each.name for each in document(state).retained] == ["old"]


def test_a_predecessor_that_is_only_remembered_is_not_told() -> None:
    state = rollout(Phase.STABLE, stable=revision("new"), canary=None, previous=revision("old"))
    assert document(state).retained == ()


@pytest.mark.parametrize(
    ("state", "world"),
    [
        (rollout(replay=REPLAY), seen()),
        (rollout(step_index=1), seen()),
        (rollout(), seen(slos=(LIMITED,))),
        (rollout(), seen(quality=QualityOrder(webhook=ScoreWebhook(url="https://scores.example")))),
        (rollout(weight=5), seen()),
        (rollout(started_at="2026-01-01T00:00:00.000Z"), seen()),
    ],
    ids=["a replay", "mirrors", "ceilings", "scores", "a weight", "judged afresh"],
)
def test_whatever_a_proxy_is_told_changes_the_digest(state: RolloutStatus, world: Observation) -> None:
    """A document that is not newer is ignored: what does not ask for a new generation never arrives."""
    assert content_digest(world, state) != content_digest(seen(), rollout())


def test_golden_calls_that_were_edited_are_another_document() -> None:
    edited = (CALLS[0].model_copy(update={"turns": (GoldenTurn(say="Are you closed?"),)}),)
    state = rollout(replay=REPLAY)
    assert content_digest(seen(golden=edited), state) != content_digest(seen(), state)


def test_lease_and_generation_are_no_content() -> None:
    """A lease is renewed every few seconds, and a generation counts contents."""
    state = rollout(lease_expires_at="2026-01-01T00:00:00.000Z", generation=8)
    assert content_digest(seen(), state) == content_digest(seen(), rollout())
    assert content_digest(replace(seen(), generation=9), rollout()) == content_digest(seen(), rollout())
