"""Golden calls before live callers: who plays them, what counts, what follows."""

import pytest

from tests.unit.domain.rollout.world import World, ref, serving
from understudy.api.base import LocalRef
from understudy.api.rollout import OnRegression, ReplayStep, Step
from understudy.api.status import Phase
from understudy.domain.calls.golden import GoldenCall, GoldenTurn
from understudy.domain.calls.observation import GoldenResult, ReplayReport
from understudy.domain.rollout.inputs import Request, Verb

GOLDEN = tuple(GoldenCall(name=name, turns=(GoldenTurn(say="hello"),)) for name in ("book", "cancel", "hours", "menu"))

WRONG = GoldenResult(name="book", failures=("turn 2: expected 'Friday', got 'no idea'",))


def replaying(**step: object) -> World:
    """A world whose canary waits for golden calls."""
    world = serving(golden=GOLDEN)
    replay = ReplayStep(calls_ref=LocalRef(name="golden"), **step)  # type: ignore[arg-type]
    world.policy = world.policy.model_copy(update={"steps": (Step(replay=replay), Step(set_weight=50))})
    world.desired = ref("two")
    world.tick()
    world.tick()
    assert (world.phase, world.status.step, world.status.weight) == (Phase.CANARY, "1/2", 0)
    return world


def play(world: World, *results: GoldenResult, proxy: int = 0, done: bool = True, error: str = "") -> None:
    """The proxy reports what came of the order in the routing document."""
    assert world.document is not None
    assert world.document.replay is not None
    told = ReplayReport(id=world.document.replay.id, done=done, results=results, error=error)
    world.proxies[proxy].replay = told
    world.tick()


def fine(*calls: GoldenCall) -> tuple[GoldenResult, ...]:
    return tuple(GoldenResult(name=call.name) for call in calls)


def test_one_proxy_plays_and_no_live_caller_meets_the_canary() -> None:
    """The first by name; the document tells all of them, so that each knows whether it is meant."""
    world = replaying()
    assert world.document is not None
    order = world.document.replay
    assert order is not None
    assert (order.pod, order.calls, world.document.canary_weight) == ("proxy-a", GOLDEN, 0)


def test_when_enough_passed_the_next_step_begins() -> None:
    """And the order is withdrawn."""
    world = replaying()
    play(world, *fine(*GOLDEN))
    assert (world.phase, world.status.step, world.status.weight) == (Phase.CANARY, "2/2", 50)
    assert world.document is not None
    assert world.document.replay is None
    assert "4 of 4 golden calls passed" in world.rollout.history[-1].message


def test_golden_calls_are_no_evidence() -> None:
    """They enter no judge and no count."""
    world = replaying()
    play(world, *fine(*GOLDEN))
    assert (world.rollout.canary_calls, world.rollout.stable_calls) == (0, 0)


def test_the_step_waits_until_all_are_over() -> None:
    world = replaying()
    play(world, *fine(*GOLDEN[:3]), done=False)
    assert (world.status.step, world.rollout.replay and world.rollout.replay.passed) == ("1/2", 3)


def test_one_failure_too_many_ends_it_at_once_with_what_came_instead() -> None:
    """The rest cannot make up for it."""
    world = replaying()
    play(world, WRONG, done=False)
    world.tick()
    assert world.phase is Phase.ROLLED_BACK
    why = world.rollout.last_rollback
    assert why is not None
    assert why.reason == "ReplayFailed"
    assert "book: turn 2: expected 'Friday', got 'no idea'" in why.message


@pytest.mark.parametrize(("percent", "phase"), [(75, Phase.CANARY), (76, Phase.ROLLED_BACK)])
def test_min_pass_percent_says_how_many_have_to(percent: int, phase: Phase) -> None:
    world = replaying(min_pass_percent=percent)
    play(world, WRONG, *fine(*GOLDEN[1:]))
    world.tick()
    assert world.phase is phase


def test_what_could_not_be_played_takes_the_canary_back() -> None:
    world = replaying()
    play(world, error="no agent took the call")
    world.tick()
    assert world.phase is Phase.ROLLED_BACK
    assert "no agent took the call" in world.events[-1].message


def test_the_policy_may_keep_the_canary_for_someone_to_look_at() -> None:
    """It stays without callers; promote and resume do not pass over it, retry plays anew."""
    world = replaying()
    world.policy = world.policy.model_copy(update={"on_regression": OnRegression.PAUSE})
    play(world, WRONG)
    assert (world.phase, world.rollout.pause_reason, world.rollout.weight) == (Phase.PAUSED, "ReplayFailed", 0)
    world.requests = (Request(Verb.PROMOTE, "1"), Request(Verb.PROMOTE, "2", "full"), Request(Verb.RESUME, "1"))
    world.run(4)
    assert world.phase is Phase.PAUSED
    world.requests = (Request(Verb.RETRY, "1"),)
    world.tick()
    world.tick()
    play(world, *fine(*GOLDEN))
    assert world.status.step == "2/2"


def test_results_of_another_attempt_count_for_nothing() -> None:
    world = replaying()
    world.proxies[0].replay = ReplayReport(id="yesterday", done=True, results=fine(*GOLDEN))
    world.tick()
    assert world.status.step == "1/2"


def test_when_the_player_is_gone_another_plays_under_a_new_id() -> None:
    world = replaying()
    assert world.rollout.replay is not None
    first = world.rollout.replay.id
    world.proxies[0].ready = False
    world.tick()
    world.tick()
    assert world.document is not None
    assert world.document.replay is not None
    assert world.document.replay.pod == "proxy-b"
    assert world.document.replay.id != first
    play(world, *fine(*GOLDEN), proxy=1)
    assert world.status.step == "2/2"


def test_a_player_that_is_silent_for_a_moment_keeps_its_order() -> None:
    """Playing anew costs minutes; the step's deadline bounds the wait."""
    world = replaying()
    assert world.rollout.replay is not None
    first = world.rollout.replay.id
    world.proxies[0].reachable = False
    world.tick(5)
    assert world.rollout.replay.id == first


def test_other_golden_calls_are_played_anew() -> None:
    """The ConfigMap was edited in the middle of it."""
    world = replaying()
    assert world.rollout.replay is not None
    first = world.rollout.replay.id
    world.golden = GOLDEN[:2]
    world.tick()
    assert world.rollout.replay.id != first
    assert world.rollout.replay.total == 2


@pytest.mark.parametrize("error", ["", "there is no ConfigMap golden"])
def test_what_does_not_come_in_time_takes_the_canary_back(error: str) -> None:
    """A ConfigMap may come a moment after the spec; not ten minutes."""
    world = replaying()
    world.golden, world.golden_error = ((), error) if error else (GOLDEN, "")
    world.tick(500)
    assert world.phase is Phase.CANARY
    world.tick(150)
    world.tick()
    assert world.phase is Phase.ROLLED_BACK
    assert world.rollout.last_rollback is not None
    assert (error or "0 of 4 golden calls are over on proxy-a") in world.rollout.last_rollback.message


def test_a_new_rollout_plays_again() -> None:
    world = replaying()
    play(world, *fine(*GOLDEN))
    world.desired = ref("three")
    world.tick()
    world.tick()
    assert world.document is not None
    assert world.document.replay is not None
    assert world.status.step == "1/2"
