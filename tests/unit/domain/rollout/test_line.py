"""Who waits when a shared plan changes."""

import pytest

from tests.unit.domain.rollout.world import ref, serving
from understudy.api.status import Phase
from understudy.domain.rollout.inputs import Request, Verb
from understudy.domain.rollout.line import Member, place, plan_changed

OLD, NEW = "house-rules@1", "house-rules@2"


def member(name: str, phase: Phase = Phase.STABLE, plan: str = OLD, *, for_plan: bool = False) -> Member:
    return Member(name, phase, plan, for_plan)


@pytest.mark.parametrize(
    ("me", "others", "limit", "why"),
    [
        ("b", [member("c")], 1, ""),
        ("b", [member("a")], 1, "a first: at most 1 at a time"),
        ("b", [member("a")], 2, ""),
        ("b", [member("a"), member("c", Phase.CANARY, NEW)], 2, "c, a first"),
        ("b", [member("a", Phase.STABLE, NEW)], 1, ""),
        ("b", [member("c", Phase.PAUSED, NEW)], 1, "c first"),
        ("b", [member("c", Phase.BAKING, NEW)], 1, "c first"),
        ("b", [member("a", Phase.ROLLED_BACK, NEW, for_plan=True)], 5, "a was taken back after house-rules@2"),
        ("b", [member("a", Phase.ROLLED_BACK, NEW)], 1, ""),
        ("b", [member("c", Phase.ROLLED_BACK, OLD, for_plan=True)], 1, ""),
        ("e", [member(name) for name in "abcd"], 1, "a, b, c and 1 more first"),
    ],
)
def test_the_line(me: str, others: list[Member], limit: int, why: str) -> None:
    """In the order of names; who is under way counts; a rollback because of the plan holds the rest."""
    told = place(member(me), others, NEW, limit)
    assert (told == "") if why == "" else why in told


def test_a_change_of_ones_own_spec_does_not_wait() -> None:
    """Nor does a rollout that is under way, nor a move to another plan."""
    busy = [member("a", Phase.CANARY, NEW)]
    assert place(member("b", plan=NEW), busy, NEW, 1) == ""
    assert place(member("b", Phase.CANARY), busy, NEW, 1) == ""
    assert place(member("b", plan="other@7"), busy, NEW, 1) == ""


@pytest.mark.parametrize(
    ("known", "now", "changed"),
    [(OLD, NEW, True), (OLD, OLD, False), ("", NEW, False), (OLD, "", False), ("other@1", NEW, False)],
)
def test_what_is_a_change_of_the_plan(known: str, now: str, *, changed: bool) -> None:
    """The same plan that reads differently."""
    assert plan_changed(known, now) is changed


def test_who_waits_says_so_and_goes_when_it_may() -> None:
    """Nothing else changes meanwhile."""
    world = serving(plan=OLD)
    world.plan, world.wait, world.desired = NEW, "anna first", ref("two")
    world.run(5)
    assert (world.phase, world.rollout.queued, world.rollout.plan) == (Phase.STABLE, "anna first", OLD)
    assert world.condition("Stalled") == ("True", "WaitsInLine")
    world.wait = ""
    world.tick()
    world.tick()
    assert (world.phase, world.rollout.queued, world.rollout.plan) == (Phase.CANARY, "", NEW)
    assert world.rollout.for_plan


def test_a_rollout_under_way_does_not_stop_for_the_line() -> None:
    """It has its place."""
    world = serving(plan=OLD)
    world.desired = ref("two")
    world.tick()
    world.wait, world.desired = "anna first", ref("three")
    world.tick()
    assert world.status.canary_revision == "three"


@pytest.mark.parametrize("invalid", [True, False])
def test_a_plan_that_changes_nothing_here_is_taken_in_at_once(*, invalid: bool) -> None:
    """Else the rest of the line would wait for somebody who never goes."""
    world = serving(plan=OLD)
    world.plan = NEW
    world.desired = None if invalid else world.desired
    world.tick()
    assert (world.phase, world.rollout.plan) == (Phase.STABLE, NEW)


def test_what_was_taken_back_holds_the_line_until_the_plan_changes_again() -> None:
    """Whether the rejected revision is another one then or not."""
    world = serving(plan=OLD)
    world.plan, world.desired = NEW, ref("two")
    world.tick()
    world.requests = (Request(Verb.ABORT, "1"),)
    world.run(3)
    assert (world.phase, world.rollout.for_plan, world.rollout.plan) == (Phase.ROLLED_BACK, True, NEW)
    assert "a was taken back" in place(member("b"), [Member.of("a", world.status)], NEW, 9)
    world.plan = "house-rules@3"
    world.tick()
    assert (world.rollout.for_plan, world.rollout.plan) == (False, "house-rules@3")
