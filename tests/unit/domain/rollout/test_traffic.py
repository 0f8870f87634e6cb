"""Few calls: said early, with a date and what to do, and never in silence."""

import pytest

from tests.unit.domain.rollout.world import World, ref, rolling, serving
from understudy.api.evidence import ReplayStatus
from understudy.api.rollout import AnalysisStep, RolloutSpec, Step
from understudy.api.status import Phase
from understudy.domain.rollout.inputs import Request, Verb
from understudy.domain.rollout.times import to_seconds, to_text

DAY_S = 86_400.0


def by_default(**fields: object) -> World:
    """A world with nothing written under `rollout`."""
    world = serving(policy=RolloutSpec())
    world.policy = RolloutSpec(**fields)  # type: ignore[arg-type]
    world.desired = ref("two")
    world.tick()
    world.tick()
    assert (world.phase, world.status.weight) == (Phase.CANARY, 10)
    return world


def live(world: World, a_day: float, days: float, *phases: Phase) -> float:
    """`a_day` calls a day for `days`, or until one of `phases`; the seconds it took."""
    began, apart = world.now, DAY_S / a_day
    for index in range(int(days * a_day)):
        if world.phase in phases:
            break
        world.call(index % 2, f"day-{world.now}")
        world.tick(apart)
    return world.now - began


def message(world: World, kind: str = "TrafficTooLow") -> str:
    return next(each.message for each in world.status.conditions if each.type == kind)


def test_ten_thousand_calls_a_day_are_promoted_within_an_hour_by_default() -> None:
    """And nobody is told that traffic is too low."""
    world = by_default()
    took = live(world, 10_000, 1, Phase.STABLE)
    assert world.status.stable_revision == "two"
    assert took <= 3600
    assert "TrafficTooLow" not in world.reasons()
    assert "StepCutShort" not in world.reasons()


def test_ten_calls_a_day_are_promoted_within_ten_days_by_default_and_a_date_is_told_all_the_while() -> None:
    """At 10 % alone it would take a month."""
    world = by_default()
    live(world, 10, 0.5)
    assert world.condition("TrafficTooLow") == ("True", "TrafficTooLow")
    assert "kubectl understudy promote front-desk" in message(world)
    took = live(world, 10, 30, Phase.STABLE)
    assert world.status.stable_revision == "two"
    assert took <= 10 * DAY_S
    assert world.reasons().count("StepCutShort") == 1


def test_the_date_is_about_right() -> None:
    """From the pace of calls in this step."""
    world = by_default()
    while world.status.weight < 50:
        live(world, 24, 1 / 24)
    live(world, 24, 0.5)
    told, now = to_seconds(world.rollout.enough_at), world.now
    took = live(world, 24, 10, Phase.STABLE)
    assert 0.5 * took < told - now < 2 * took


def test_it_is_said_before_the_deadline_as_soon_as_it_can_be_told() -> None:
    """A quarter of it, or a handful of calls."""
    world = by_default(data_deadline="4h")
    live(world, 48, 0.5 / 24)
    assert world.condition("TrafficTooLow")[0] == "False"
    live(world, 48, 1 / 24)
    assert world.condition("TrafficTooLow")[0] == "True"
    assert world.condition("Stalled")[0] == "False"
    assert "calls an hour" in message(world)
    assert world.reasons().count("TrafficTooLow") == 1


def test_without_any_call_there_is_no_date_and_still_a_word() -> None:
    world = by_default()
    for _ in range(70):
        world.tick(60)
    assert world.rollout.enough_at is None
    assert world.condition("TrafficTooLow")[0] == "True"
    assert world.condition("Stalled") == ("True", "TrafficTooLow")
    assert "no call has ended" in message(world)
    assert (world.phase, world.status.weight) == (Phase.CANARY, 10)


def test_promote_goes_on_where_calls_do_not_come() -> None:
    """What the message says does what it says."""
    world = by_default()
    for request_id in ("1", "2", "3"):
        world.tick(4000)
        world.requests = (Request(Verb.PROMOTE, request_id),)
        world.tick()
        world.tick()
    assert world.status.stable_revision == "two"


def test_weights_that_someone_wrote_down_are_kept() -> None:
    """Only the default gives way."""
    world = by_default(steps=(Step(set_weight=10), Step(set_weight=50)))
    live(world, 24, 3)
    assert world.status.weight == 10
    assert world.condition("Stalled") == ("True", "TrafficTooLow")


def test_the_default_gives_way_only_after_a_canary_call() -> None:
    """A quiet night does not put half of the morning's callers on what nobody has met."""
    world = by_default()
    for _ in range(30):
        world.call(0, f"night-{world.now}", revision="one", arm="stable")
        world.tick(600)
    assert world.rollout.canary_calls == 0
    assert world.status.weight == 10


def test_a_replay_that_passed_is_named_for_whoever_decides() -> None:
    """Replay and approval in place of a stall."""
    world = by_default()
    played = ReplayStatus(id="r", pod="proxy-a", since=to_text(world.now), total=4, passed=4, done=True)
    rollout = world.rollout.model_copy(update={"replay": played})
    world.status = world.status.model_copy(update={"rollout": rollout})
    live(world, 24, 1)
    assert "4 of 4 golden calls passed" in message(world)


@pytest.mark.parametrize(("min_calls", "wanted"), [(12, 12), (None, 8)])
def test_an_analysis_keeps_the_weight_until_so_many_calls_were_judged(min_calls: int | None, wanted: int) -> None:
    """Its own number, or the rollout's."""
    world = rolling()
    steps = (Step(set_weight=50), Step(analysis=AnalysisStep(min_calls=min_calls)), Step(set_weight=60))
    world.policy = world.policy.model_copy(update={"steps": steps, "min_calls": 8})
    world.desired = ref("three")
    world.tick()
    world.run_until(Phase.STABLE)
    assert world.status.stable_revision == "three"
    done = [each.message for each in world.rollout.history if each.reason == "StepDone"][-3:]
    assert "step 2/3 is done" in done[1]
    calls = int(done[1].split(" after ")[1].split()[0])
    assert wanted <= calls <= wanted + 1


def test_an_analysis_has_a_deadline_of_its_own() -> None:
    world = rolling()
    steps = (Step(set_weight=50), Step(analysis=AnalysisStep(min_calls=500, max_duration="1m")))
    world.policy = world.policy.model_copy(update={"steps": steps, "min_calls": 2, "on_insufficient_data": "Pause"})
    world.desired = ref("three")
    world.run_until(Phase.PAUSED, ticks=100)
    assert world.rollout.pause_reason == "InsufficientData"
