"""A shadow step: mirrored turns of stable's calls, before any caller meets the canary."""

from tests.unit.domain.rollout.world import World, ref, serving
from understudy.api.rollout import OnInsufficientData, OnRegression, ShadowStep, Step
from understudy.api.status import Phase
from understudy.domain.calls.observation import ShadowTurn
from understudy.domain.rollout.times import to_seconds

GOOD = ShadowTurn(stable_ms=500.0, canary_ms=500.0)
BAD = ShadowTurn(stable_ms=500.0, canary_ms=None)


def mirroring(**fields: object) -> World:
    """A world whose canary is asked in secret."""
    world = serving()
    shadow = ShadowStep(percent=20, min_calls=10, max_duration="10m")
    world.policy = world.policy.model_copy(
        update={"steps": (Step(shadow=shadow), Step(set_weight=50)), "min_calls": 5, **fields}
    )
    world.desired = ref("two")
    world.tick()
    world.tick()
    assert (world.phase, world.status.step) == (Phase.CANARY, "1/2")
    return world


def calls(world: World, turn: ShadowTurn, count: int) -> None:
    for index in range(count):
        world.call(index % 2, f"{world.now}-{index}", shadow=(turn, turn))
        world.tick()


def test_turns_are_mirrored_under_a_lease_and_no_caller_meets_the_canary() -> None:
    """A dead operator's canary is asked nothing any more."""
    world = mirroring()
    assert world.document is not None
    assert (world.document.canary_weight, world.document.shadow_percent) == (0, 20)
    first = world.document.lease_expires_at
    assert world.now < first
    for _ in range(40):
        world.tick()
    assert world.document.lease_expires_at > max(first, world.now)


def test_enough_good_turns_let_callers_in() -> None:
    world = mirroring()
    calls(world, GOOD, 9)
    assert world.status.step == "1/2"
    calls(world, GOOD, 2)
    assert (world.status.step, world.status.weight) == ("2/2", 50)
    assert world.document is not None
    assert world.document.shadow_percent == 0
    assert "10 mirrored calls" in " ".join(line.message for line in world.rollout.history)


def test_a_model_that_is_worse_on_the_same_turns_meets_no_caller() -> None:
    world = mirroring()
    calls(world, BAD, 20)
    assert world.phase is Phase.ROLLED_BACK
    why = world.rollout.last_rollback
    assert why is not None
    assert (why.reason, why.metric) == ("ShadowFailed", "Shadow")
    assert world.rollout.canary_calls == 0


def test_the_policy_may_keep_it_for_someone_to_look_at() -> None:
    world = mirroring(on_regression=OnRegression.PAUSE)
    calls(world, BAD, 20)
    assert (world.phase, world.rollout.pause_reason) == (Phase.PAUSED, "ShadowFailed")
    assert world.document is not None
    assert world.document.shadow_percent == 0


def test_mirrored_calls_that_do_not_come_are_for_the_policy_to_decide() -> None:
    """The step has a deadline of its own."""
    world = mirroring(on_insufficient_data=OnInsufficientData.PROMOTE, data_deadline="24h")
    calls(world, GOOD, 2)
    world.tick(620)
    assert world.status.step == "2/2"


def test_stable_calls_count_while_turns_are_mirrored_and_compare_nothing() -> None:
    """There is no canary call to compare them with."""
    world = mirroring()
    calls(world, GOOD, 5)
    assert (world.rollout.stable_calls, world.rollout.canary_calls) == (5, 0)
    assert {judge.compared_calls for judge in world.rollout.judges} == {0}


def test_too_few_mirrored_calls_are_foreseen() -> None:
    """TrafficTooLow counts what is mirrored."""
    world = mirroring()
    for _ in range(6):
        world.call(0, f"m{world.now}", shadow=(GOOD,))
        world.tick(60)
    assert world.condition("TrafficTooLow") == ("True", "TrafficTooLow")
    assert to_seconds(world.rollout.enough_at) > world.now
