"""Calls that never end: a proxy that is gone takes exactly its dropped calls with it, unless someone counts them."""

from tests.unit.domain.rollout.world import Proxy, World, ref, rolling
from understudy.api.evidence import JudgeState
from understudy.api.status import Phase
from understudy.domain.rollout.inputs import Request, Verb


def dropped(world: World) -> JudgeState:
    return next(each for each in world.rollout.judges if each.slo == "dropped")


def talking(**live: int) -> World:
    """A world in which calls of `proxy-a` are in progress."""
    world = rolling()
    world.proxies[0].live = live
    world.tick()
    return world


def test_a_process_that_is_gone_takes_its_calls_with_it_once() -> None:
    """Each is a dropped call of its arm, and says nothing else."""
    world = talking(one=2, two=3)
    world.proxies.pop(0)
    world.run(5, calls=0)
    judge = dropped(world)
    assert (judge.canary_calls, judge.canary_sum, judge.stable_calls, judge.stable_sum) == (3, 3.0, 2, 2.0)
    assert (world.rollout.canary_calls, world.rollout.stable_calls) == (3, 2)
    others = {each.slo: each.canary_calls for each in world.rollout.judges if each.slo != "dropped"}
    assert set(others.values()) == {0}


def test_a_process_that_was_replaced_in_its_pod_is_gone() -> None:
    world = talking(two=3)
    world.proxies[0] = Proxy("proxy-a", boot="again", document=world.document)
    world.run(3, calls=0)
    assert dropped(world).canary_sum == 3.0


def test_a_process_that_is_silent_may_only_be_slow() -> None:
    """Its calls end later, or not at all."""
    world = talking(two=3)
    world.proxies[0].reachable = False
    world.run(60, calls=0)
    assert dropped(world).canary_calls == 0
    world.proxies[0].reachable = True
    world.proxies[0].live = {}
    world.call(0, "late", revision="two", arm="canary")
    world.run(2, calls=0)
    assert (dropped(world).canary_calls, dropped(world).canary_sum) == (1, 0.0)


def test_a_last_report_is_believed_before_its_process_is_buried() -> None:
    """What ended properly is no dropped call."""
    world = talking(two=2)
    last = world.proxies[0]
    world.call(0, "ended", revision="two", arm="canary")
    last.ready, last.live = False, {"two": 1}
    world.tick()
    world.proxies.pop(0)
    world.run(3, calls=0)
    assert (dropped(world).canary_calls, dropped(world).canary_sum) == (2, 1.0)


def test_a_canary_whose_proxies_die_with_its_calls_fails() -> None:
    """The crash that the canary causes is evidence, though nobody is left to report it."""
    world = rolling()
    world.slow = frozenset()
    for index in range(12):
        world.proxies[0] = Proxy("proxy-a", boot=f"run-{index}", document=world.document, live={"two": 2})
        world.run(2, calls=2)
        if world.phase is not Phase.CANARY:
            break
    assert world.rollout.last_rollback is not None
    assert world.rollout.last_rollback.slo == "dropped"


def test_calls_that_a_dead_proxy_took_from_what_bakes_count_too() -> None:
    """A crash that shows only under every caller's load."""
    world = rolling()
    world.policy = world.policy.model_copy(update={"bake": "10m"})
    world.run_until(Phase.BAKING)
    for index in range(12):
        world.proxies[0] = Proxy("proxy-a", boot=f"run-{index}", document=world.document, live={"two": 3})
        world.run(2, calls=2)
        if world.phase is not Phase.BAKING:
            break
    assert world.rollout.last_rollback is not None
    assert (world.rollout.last_rollback.slo, world.status.stable_revision) == ("dropped", "one")


def test_calls_in_progress_of_an_earlier_attempt_are_nobodys_evidence() -> None:
    """The next canary starts with nothing held against it."""
    world = talking(two=3)
    world.requests = (Request(Verb.ABORT, "1"),)
    world.run(3, calls=0)
    world.proxies.pop(0)
    world.desired = ref("three")
    world.run(5, calls=0)
    assert world.phase is Phase.CANARY
    assert dropped(world).canary_calls == 0
    assert dropped(world).stable_calls == 0
