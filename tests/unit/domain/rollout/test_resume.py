"""Killing the operator at any moment changes nothing but the delay; nor do duplicates, order and clocks."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.domain.rollout.world import World, ref, serving
from understudy.api.evidence import Verdict
from understudy.api.rollout import PauseStep, Step
from understudy.api.status import Phase, Transition

TERMINAL = (Phase.STABLE, Phase.ROLLED_BACK)


@dataclass(frozen=True)
class Mishap:
    """What goes wrong in one second of a rollout."""

    seconds: float = 1.0
    """How far the clock moves; may be back."""
    killed: str = ""
    """`before-status`, `before-routing`, or not at all."""
    reverse: bool = False
    """Whether the proxies are listed the other way round."""
    silent: bool = False
    """Whether one proxy does not answer."""


MISHAPS = st.lists(
    st.builds(
        Mishap,
        seconds=st.sampled_from([1.0, 1.0, 1.0, 0.0, 5.0, -3.0, 40.0]),
        killed=st.sampled_from(["", "", "before-status", "before-routing"]),
        reverse=st.booleans(),
        silent=st.booleans(),
    ),
    max_size=40,
)

STEPS = (Step(set_weight=20), Step(pause=PauseStep(duration="3s")), Step(set_weight=60))


def started(*, bad: bool) -> World:
    world = serving(slow=frozenset({"two"}) if bad else frozenset())
    world.policy = world.policy.model_copy(update={"steps": STEPS})
    world.desired = ref("two")
    return world


def suffer(world: World, mishap: Mishap) -> None:
    """One pass of an operator that may be killed in the middle of it."""
    world.now += mishap.seconds
    world.proxies[1].reachable = not mishap.silent
    order = -1 if mishap.reverse else 1
    world.look(order=order, write=mishap.killed != "before-status")
    if not mishap.killed:
        world.publish()


def assert_orderly(world: World) -> None:
    """No step was skipped, and nothing was promoted with a Fail."""
    promoted = [each for each in world.rollout.history if each.to is Phase.PROMOTING]
    assert not (promoted and world.rollout.last_rollback)
    if promoted:
        assert world.rollout.verdict is Verdict.PASS
        assert len([each for each in world.rollout.history if each.reason == "StepDone"]) == len(STEPS)
        assert_chained(world.rollout.history)


def assert_chained(history: tuple[Transition, ...]) -> None:
    """Each transition starts where the one before it ended."""
    for before, after in itertools.pairwise(history):
        assert before.to is after.from_


@pytest.mark.parametrize("bad", [False, True])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mishaps=MISHAPS)
def test_any_sequence_of_mishaps_ends_in_the_same_place(*, bad: bool, mishaps: list[Mishap]) -> None:
    """A bad canary ends rolled back, a good one promoted, whatever happened to the operator in between."""
    world = started(bad=bad)
    for index, mishap in enumerate(mishaps):
        world.call(index % 2, f"m{index}")
        suffer(world, mishap)
        generation = world.rollout.generation
        assert all((each.document.generation if each.document else 0) <= generation for each in world.proxies)
    for proxy in world.proxies:
        proxy.reachable = True
    world.tick()
    for _ in range(400):
        if world.phase in TERMINAL:
            break
        world.run(1)
    assert (world.phase, world.status.stable_revision) == ((Phase.ROLLED_BACK, "one") if bad else (Phase.STABLE, "two"))
    assert_orderly(world)


def restarts(world: World, kill: Callable[[World], None]) -> list[tuple[Phase, Phase]]:
    """The transitions on record when the operator is killed in each pass and then comes back."""
    for index in range(200):
        world.call(index % 2, f"r{index}")
        kill(world)
        world.tick()
        if world.phase in TERMINAL and world.status.stable_revision == "two":
            break
    return [(line.from_, line.to) for line in world.rollout.history]


def test_an_operator_killed_in_every_pass_takes_the_same_way() -> None:
    """Before the status is written, or after it and before the routing document."""

    def nothing(_: World) -> None:
        return

    def before_status(world: World) -> None:
        world.look(write=False)

    def before_routing(world: World) -> None:
        world.look()

    plain = restarts(started(bad=False), nothing)
    assert plain[-1] == (Phase.PROMOTING, Phase.STABLE)
    assert restarts(started(bad=False), before_status) == plain
    assert restarts(started(bad=False), before_routing) == plain
