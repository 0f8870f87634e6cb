"""Back to an earlier revision on request."""

import pytest

from tests.unit.domain.rollout.world import World, ref, rolling, serving
from understudy.api.status import Phase
from understudy.domain.rollout.inputs import AgentPods, Request, Verb


def third(**fields: object) -> World:
    """A world in which `three` serves, and `one` and `two` did."""
    world = rolling(**fields)
    world.run_until(Phase.STABLE)
    world.desired = ref("three")
    world.tick()
    world.run_until(Phase.STABLE)
    assert world.status.stable_revision == "three"
    return world


def ask(world: World, request_id: str, revision: str = "") -> None:
    world.requests = (Request(Verb.UNDO, request_id, revision),)
    world.tick()
    world.tick()


@pytest.mark.parametrize(("revision", "served"), [("", "two"), ("one", "one")])
def test_stable_becomes_the_one_before_or_the_one_named_at_once(revision: str, served: str) -> None:
    """In the same pass; live calls are rescued, and the spec's revision is not tried again."""
    world = third()
    world.proxies[0].live = {"three": 1}
    world.requests = (Request(Verb.UNDO, "1", revision),)
    world.look()
    world.publish()
    assert world.document is not None
    assert world.document.stable == ref(served)
    assert world.document.rejected == ("three",)
    world.run(10)
    assert (world.phase, world.status.stable_revision) == (Phase.ROLLED_BACK, served)
    assert world.condition("SpecRejected") == ("True", "Undone")
    assert world.rollout.last_rollback is not None
    assert world.rollout.last_rollback.revision == "three"


def test_a_second_undo_in_a_hurry_does_not_go_back_twice() -> None:
    """Further back only by name."""
    world = third()
    ask(world, "1")
    ask(world, "2")
    assert world.status.stable_revision == "two"
    assert "name a revision to go back further" in world.rollout.requests[-1].message
    ask(world, "3", "one")
    assert world.status.stable_revision == "one"
    world.run(5)
    assert world.phase is Phase.ROLLED_BACK


@pytest.mark.parametrize("revision", ["", "one"])
def test_while_a_canary_is_under_way_undo_takes_the_canary_back(revision: str) -> None:
    world = rolling()
    ask(world, "1", revision)
    assert (world.phase, world.status.stable_revision) == (Phase.ROLLED_BACK, "one")
    assert world.rollout.last_rollback is not None
    assert (world.rollout.last_rollback.revision, world.rollout.last_rollback.reason) == ("two", "Undone")


@pytest.mark.parametrize(
    ("revision", "why"),
    [("", "no such revision is stored"), ("nine", "no such revision is stored"), ("one", "one serves already")],
)
def test_what_cannot_be_undone_is_refused_with_a_reason(revision: str, why: str) -> None:
    world = serving()
    world.history = (ref("zero"),)
    ask(world, "1", revision)
    assert (world.phase, world.rollout.requests[-1].refused) == (Phase.STABLE, True)
    assert why in world.rollout.requests[-1].message


def test_another_revision_than_stable_is_refused_in_mid_canary() -> None:
    """Two things at once are one too many."""
    world = third()
    world.desired = ref("four")
    world.tick()
    ask(world, "1", "one")
    assert world.phase is Phase.CANARY
    assert world.rollout.requests[-1].refused


def test_an_old_revision_whose_agent_pods_are_gone_serves_as_soon_as_they_are_back() -> None:
    """Its agents are started; until then stable goes on, because calls that no agent takes help nobody."""
    world = third()
    world.history = (*world.history, ref("zero", agent="agent-0"))
    ask(world, "1", "zero")
    assert (world.phase, world.status.stable_revision) == (Phase.STABLE, "three")
    assert world.rollout.undo is not None
    assert [each.agent_service for each in world.rollout.retained] == ["agent-0"]
    world.agents = {**world.agents, "agent-0": AgentPods(1, 1)}
    world.tick()
    world.tick()
    assert (world.phase, world.status.stable_revision) == (Phase.ROLLED_BACK, "zero")
    assert (world.rollout.undo, world.rollout.requests[-1].refused) == (None, False)


def test_old_agent_pods_are_not_waited_for_without_end() -> None:
    world = third()
    world.history = (*world.history, ref("zero", agent="agent-0"))
    world.agents = {**world.agents, "agent-0": AgentPods(0, 1, "ErrImagePull: no such image")}
    ask(world, "1", "zero")
    world.tick(61)
    world.tick()
    assert (world.phase, world.status.stable_revision, world.rollout.undo) == (Phase.STABLE, "three", None)
    assert "no such image" in world.rollout.requests[-1].message


def test_retry_tries_the_undone_revision_again() -> None:
    world = third()
    ask(world, "1")
    world.requests = (*world.requests, Request(Verb.RETRY, "1"))
    world.run_until(Phase.STABLE)
    assert world.status.stable_revision == "three"
