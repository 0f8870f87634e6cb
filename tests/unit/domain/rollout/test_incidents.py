"""An outage of both arms: told once when it begins and once when it is over."""

from tests.unit.domain.rollout.world import World, rolling
from understudy.api.rollout import OnStableFailing
from understudy.api.status import Phase


def outage(**fields: object) -> World:
    world = rolling()
    world.policy = world.policy.model_copy(update=fields)
    world.slow = frozenset({"one", "two"})
    for _ in range(100):
        world.run(1)
        if world.rollout.incident or world.phase is not Phase.CANARY:
            break
    return world


def test_an_incident_opens_once_and_keeps_its_beginning() -> None:
    """Nobody is blamed, and the rollout holds."""
    world = outage()
    opened = world.rollout.incident
    assert opened is not None
    assert (opened.slo, world.phase) == ("turn-latency", Phase.CANARY)
    world.run(30)
    assert world.rollout.incident == opened
    assert world.reasons().count("IncidentOpened") == 1
    assert world.condition("Degraded") == ("True", "BothArmsBad")


def test_it_is_resolved_when_an_arm_meets_its_objective_again() -> None:
    """And the rollout goes on by itself."""
    world = outage()
    world.slow = frozenset()
    for _ in range(1500):
        world.run(1, calls=8)
        if world.rollout.incident is None:
            break
    assert world.rollout.incident is None
    assert world.reasons().count("IncidentResolved") == 1


def test_it_is_resolved_when_nobody_is_compared_any_more() -> None:
    world = outage()
    world.desired = world.document.stable if world.document else None
    world.run(2)
    assert (world.phase, world.rollout.incident) == (Phase.STABLE, None)
    assert world.reasons()[-1] == "IncidentResolved"


def test_a_fix_may_ship_while_stable_is_broken_if_the_policy_says_so() -> None:
    """P8: holding back what is no worse helps nobody."""
    world = outage(on_stable_failing=OnStableFailing.PROMOTE)
    world.run_until(Phase.STABLE)
    assert world.status.stable_revision == "two"
    assert "IncidentOpened" in world.reasons()


def test_otherwise_it_is_held() -> None:
    world = outage()
    world.run(200)
    assert world.status.stable_revision == "one"
