"""A canary whose keys are not there meets no caller."""

import pytest

from tests.unit.domain.rollout.world import World, ref, serving
from understudy.api.status import Phase
from understudy.domain.calls.observation import CredentialProblem

PAST_DEADLINE_S = 61
SECRET = "nowhere"


def lacking(*revisions: str, reason: str = "MissingSecret") -> CredentialProblem:
    message = "Secret 'nowhere' is not there"
    return CredentialProblem(account="openai", secret=SECRET, reason=reason, message=message, revisions=revisions)


def changed(*problems: CredentialProblem) -> World:
    """A world whose spec asks for `two` while the second proxy reports `problems`."""
    world = serving()
    world.proxies[1].problems = problems
    world.desired = ref("two")
    world.tick()
    world.tick()
    return world


@pytest.mark.parametrize("reason", ["MissingSecret", "MissingKey", "HostNotAllowed"])
def test_a_canary_that_lacks_a_key_on_one_proxy_waits(reason: str) -> None:
    world = changed(lacking("two", reason=reason))
    world.run(10)
    assert (world.phase, world.rollout.weight) == (Phase.PREPARING, 0)
    assert world.rollout.stable is not None
    assert world.rollout.stable.name == "one"


def test_it_goes_on_once_the_key_is_there() -> None:
    """As when proxies are replaced for a Secret that they did not mount before."""
    world = changed(lacking("two"))
    world.proxies[1].problems = ()
    world.tick()
    assert world.phase is Phase.CANARY


def test_a_key_that_never_comes_is_the_reason_of_the_rollback() -> None:
    world = changed(lacking("two"))
    world.tick(PAST_DEADLINE_S)
    assert world.phase is Phase.ROLLED_BACK
    assert world.rollout.last_rollback is not None
    assert world.rollout.last_rollback.reason == "ProgressDeadlineExceeded"
    assert "Secret 'nowhere' is not there" in world.rollout.last_rollback.message


def test_what_stable_lacks_too_keeps_no_fix_from_callers() -> None:
    """P8: the spare provider's Secret was never there; that is no reason to hold the canary."""
    assert changed(lacking("one", "two")).phase is Phase.CANARY


def test_a_provider_that_refused_the_key_is_judged_by_its_calls() -> None:
    assert changed(lacking("two", reason="Refused")).phase is Phase.CANARY


def test_a_canary_that_a_proxy_does_not_know_yet_waits() -> None:
    """Only a proxy that holds the canary can tell what it lacks."""
    world = serving()
    world.proxies[1].reachable = False
    world.desired = ref("two")
    world.run(3)
    assert world.phase is Phase.PREPARING
    world.proxies[1].reachable = True
    world.tick()
    world.tick()
    assert world.phase is Phase.CANARY
