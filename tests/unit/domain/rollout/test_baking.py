"""After promotion: watched for a while, with the revision before it warm."""

import pytest

from tests.unit.domain.rollout.world import World, ref, rolling
from understudy.api.status import Phase
from understudy.domain.rollout.inputs import AgentPods, Request, Verb


def baking(**fields: object) -> World:
    """A world whose promoted revision `two` is watched."""
    world = rolling(**fields)
    world.policy = world.policy.model_copy(update={"bake": "10m"})
    world.run_until(Phase.BAKING)
    assert (world.phase, world.status.stable_revision) == (Phase.BAKING, "two")
    world.tick()
    return world


def test_the_one_before_is_kept_warm_and_takes_no_calls() -> None:
    """Even when no call is on it any more."""
    world = baking()
    world.run(30)
    assert world.document is not None
    assert (world.document.stable, world.document.canary) == (ref("two"), None)
    assert world.document.find("one") is not None
    assert world.rollout.previous is not None
    assert world.rollout.previous.name == "one"
    assert world.condition("Promoted") == ("False", "Baking")


def test_a_bake_without_failure_ends_in_stable() -> None:
    world = baking()
    world.run(590)
    assert world.phase is Phase.BAKING
    world.run(20)
    assert (world.phase, world.status.stable_revision) == (Phase.STABLE, "two")
    assert world.condition("Promoted") == ("True", "Promoted")
    assert world.rollout.retained == ()
    assert [line.reason for line in world.rollout.history][-3:] == ["Promoting", "Baking", "Baked"]


def test_without_bake_promotion_is_the_end() -> None:
    world = rolling()
    world.run_until(Phase.STABLE)
    assert "Baking" not in world.reasons()


def test_a_late_regression_returns_at_once() -> None:
    """Good until it was promoted; its callers are rescued, and it is not tried again."""
    world = baking()
    world.run(20)
    world.slow = frozenset({"two"})
    world.proxies[0].live = {"two": 1}
    while world.phase is Phase.BAKING:
        world.run(1)
    assert world.document is not None
    assert (world.document.stable, world.document.rejected) == (ref("one"), ("two",))
    world.tick()
    assert (world.phase, world.status.stable_revision) == (Phase.ROLLED_BACK, "one")
    why = world.rollout.last_rollback
    assert why is not None
    assert (why.reason, why.slo, why.revision) == ("SloFailed", "turn-latency", "two")
    assert world.condition("SpecRejected") == ("True", "SloFailed")
    world.run(30)
    assert world.phase is Phase.ROLLED_BACK


@pytest.mark.parametrize(("verb", "reason"), [(Verb.ABORT, "Aborted"), (Verb.UNDO, "Undone")])
def test_someone_may_go_back_at_once(verb: Verb, reason: str) -> None:
    world = baking()
    world.requests = (Request(verb, "1"),)
    world.run(2)
    assert (world.phase, world.status.stable_revision) == (Phase.ROLLED_BACK, "one")
    assert world.rollout.last_rollback is not None
    assert world.rollout.last_rollback.reason == reason


def test_someone_may_end_the_bake() -> None:
    world = baking()
    world.requests = (Request(Verb.PROMOTE, "1"),)
    world.run(2)
    assert (world.phase, world.status.stable_revision) == (Phase.STABLE, "two")


def test_a_spec_that_asks_for_the_one_before_gets_it_at_once_and_blames_nobody() -> None:
    """A commit that is reverted while the old revision is warm needs no rollout backwards."""
    world = baking()
    world.desired = ref("one")
    world.tick()
    assert (world.phase, world.status.stable_revision, world.rollout.last_rollback) == (Phase.STABLE, "one", None)


def test_a_new_spec_ends_the_bake() -> None:
    world = baking()
    world.desired = ref("three")
    world.tick()
    world.tick()
    assert (world.status.stable_revision, world.status.canary_revision) == ("two", "three")


def test_an_operator_that_was_away_goes_on_baking() -> None:
    """The end of the bake is a time, not a count of looks."""
    world = baking()
    world.tick(3600)
    assert world.phase is Phase.STABLE


@pytest.mark.parametrize(
    ("pods", "ends"),
    [(AgentPods(0, 1, "CrashLoopBackOff"), True), (AgentPods(0, 1), False), (AgentPods(1, 2, "ErrImagePull"), False)],
)
def test_pods_of_the_promoted_revision_that_cannot_start_end_it(pods: AgentPods, *, ends: bool) -> None:
    """At once only where none is left to take calls."""
    world = rolling(agents={"agent-1": AgentPods(1, 1), "agent-2": AgentPods(1, 1)})
    world.policy = world.policy.model_copy(update={"bake": "10m"})
    world.desired = ref("three", agent="agent-2")
    world.run_until(Phase.BAKING)
    assert world.status.stable_revision == "three"
    world.agents = {**world.agents, "agent-2": pods}
    world.tick()
    world.tick()
    assert (world.phase is Phase.ROLLED_BACK) is ends
    world.tick(61)
    world.tick()
    assert (world.phase is Phase.ROLLED_BACK) is not pods.enough


def test_a_proxy_that_does_not_hear_of_the_return_is_not_waited_for_without_end() -> None:
    """It has no lease that could run out; after `progressDeadline` the phase ends and says who does not know."""
    world = baking()
    world.proxies[1].reachable = False
    world.requests = (Request(Verb.ABORT, "1"),)
    world.run(30)
    assert world.phase is Phase.ROLLING_BACK
    world.run(40)
    assert world.phase is Phase.ROLLED_BACK
    assert "acknowledged by 1 of 2 proxies" in world.rollout.history[-1].message
