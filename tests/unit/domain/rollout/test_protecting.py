"""What ends a canary at once, whatever the judges have to say yet."""

import pytest

from tests.unit.domain.rollout.world import World, ref, rolling, serving
from understudy.api.rollout import OnRegression
from understudy.api.status import Phase
from understudy.domain.calls.observation import Stopped
from understudy.domain.rollout.inputs import AgentPods, Request, Verb


def stopped(world: World, revision: str = "two", age: float = 0.0) -> Stopped:
    return Stopped(
        revision=revision, slo="dropped", value_percent=75.0, ceiling_percent=25.0, calls=4, at=world.now - age
    )


@pytest.mark.parametrize("policy", list(OnRegression))
def test_a_ceiling_that_one_proxy_found_takes_the_canary_from_all(policy: OnRegression) -> None:
    """`onRegression: Pause` is for doubts; a ceiling leaves none."""
    world = rolling()
    world.policy = world.policy.model_copy(update={"on_regression": policy})
    world.proxies[1].stopped = stopped(world)
    world.tick()
    world.tick()
    assert world.phase is Phase.ROLLED_BACK
    why = world.rollout.last_rollback
    assert why is not None
    assert (why.reason, why.slo, why.value, why.threshold, why.canary_calls) == (
        "CeilingReached",
        "dropped",
        75.0,
        25.0,
        4,
    )
    assert "proxy-b" in why.message


@pytest.mark.parametrize(("revision", "age"), [("two", 3600.0), ("zero", 0.0)])
def test_what_was_held_against_another_attempt_is_over(revision: str, age: float) -> None:
    """A retry of the same revision, or a proxy that still speaks of the canary before."""
    world = rolling()
    world.proxies[1].stopped = stopped(world, revision, age)
    world.tick()
    assert world.phase is Phase.CANARY


@pytest.mark.parametrize("phase", [Phase.PREPARING, Phase.CANARY])
def test_pods_in_a_crash_loop_end_the_rollout_at_once(phase: Phase) -> None:
    """They do not get better by waiting for `progressDeadline`."""
    world = serving()
    world.desired = ref("two", agent="agent-2")
    healthy = AgentPods(1, 2) if phase is Phase.CANARY else AgentPods(0, 2)
    world.agents = {**world.agents, "agent-2": healthy}
    world.tick()
    world.tick()
    assert world.phase is phase
    trouble = "pod front-desk-agent-2: CrashLoopBackOff: ended with Error, exit code 1"
    world.agents = {**world.agents, "agent-2": AgentPods(healthy.ready, 2, trouble)}
    world.tick()
    world.tick()
    assert world.phase is Phase.ROLLED_BACK
    assert world.rollout.last_rollback is not None
    assert world.rollout.last_rollback.reason == "AgentsFailing"
    assert trouble in world.rollout.last_rollback.message


def test_pods_that_the_canary_shares_with_stable_are_not_its_fault() -> None:
    """A new prompt starts no pod."""
    world = rolling()
    world.agents = {"agent-1": AgentPods(1, 2, "pod x: ImagePullBackOff")}
    world.run(3)
    assert world.phase is Phase.CANARY


def test_a_rollout_that_proxies_do_not_hear_of_says_so() -> None:
    """No caller is hurt, and taking it back would not reach them either."""
    world = serving()
    world.proxies[1].reachable = False
    world.desired = ref("two")
    world.tick()
    world.tick(61)
    assert world.phase is Phase.PREPARING
    assert world.condition("Stalled") == ("True", "ProxiesSilent")
    world.proxies[1].reachable = True
    world.tick()
    world.tick()
    assert world.phase is Phase.CANARY


def test_a_spec_that_still_holds_what_was_taken_back_is_told_of() -> None:
    """And what to do about it; once as an Event."""
    world = rolling()
    assert world.condition("SpecRejected") == ("False", "Accepted")
    world.proxies[1].stopped = stopped(world)
    world.run(10)
    assert world.condition("SpecRejected") == ("True", "CeilingReached")
    found = next(each for each in world.status.conditions if each.type == "SpecRejected")
    assert "kubectl understudy retry front-desk" in found.message
    assert world.reasons().count("SpecRejected") == 1
    world.desired = ref("three")
    world.tick()
    assert world.condition("SpecRejected") == ("False", "Accepted")


@pytest.mark.parametrize("argument", ["", "full"])
def test_promote_goes_one_step_further_or_all_the_way(argument: str) -> None:
    world = rolling()
    world.requests = (Request(Verb.PROMOTE, "1", argument),)
    world.run(2, calls=0)
    if argument:
        assert (world.phase, world.status.stable_revision) == (Phase.STABLE, "two")
    else:
        assert (world.phase, world.status.step) == (Phase.CANARY, "2/2")


def test_promote_by_steps_ends_in_promotion_without_calls() -> None:
    """For those who know better than a judge who sees nobody."""
    world = rolling()
    for request_id in ("1", "2", "3"):
        world.requests = (Request(Verb.PROMOTE, request_id),)
        world.run(2, calls=0)
    assert (world.phase, world.status.stable_revision) == (Phase.STABLE, "two")


def test_promote_ends_a_pause() -> None:
    """With the step after it."""
    world = rolling()
    world.requests = (Request(Verb.PAUSE, "1"),)
    world.run(1)
    world.requests = (*world.requests, Request(Verb.PROMOTE, "1"))
    world.run(1, calls=0)
    assert (world.phase, world.status.step) == (Phase.CANARY, "2/2")


def test_an_argument_that_promote_does_not_know_is_refused() -> None:
    world = rolling()
    world.requests = (Request(Verb.PROMOTE, "1", "wholly"),)
    world.run(1, calls=0)
    assert (world.phase, world.rollout.requests[-1].refused) == (Phase.CANARY, True)
