"""Leases, generations, revisions kept for live calls, keys of peers."""

import pytest

from tests.unit.domain.rollout.world import Proxy, World, ref, rolling, serving
from understudy.api.rollout import RescueMode
from understudy.api.status import MAX_PEERS, Phase, VoiceAssistantStatus
from understudy.domain.rollout.times import to_seconds, to_text
from understudy.domain.routing.document import LEASE_S, RENEW_S, Rescue


def lease_of(world: World) -> float:
    assert world.document is not None
    return world.document.lease_expires_at


def test_a_canary_weight_is_a_lease_that_is_renewed_in_time() -> None:
    """Renewed at equal generation, so that no acknowledgement is asked for again."""
    world = rolling()
    generation, first = world.rollout.generation, lease_of(world)
    assert 0 < first - world.now <= LEASE_S
    for _ in range(60):
        world.tick()
        assert lease_of(world) - world.now >= LEASE_S - RENEW_S - 1
    assert lease_of(world) > first
    assert world.rollout.generation == generation


def test_an_operator_that_was_away_renews_and_goes_on() -> None:
    """In between, new calls went to stable."""
    world = rolling()
    world.now += 300
    world.tick()
    assert lease_of(world) > world.now
    assert (world.phase, world.status.weight) == (Phase.CANARY, 50)


def test_a_clock_set_back_shortens_the_lease_under_a_new_generation() -> None:
    """Else a dead operator's canary would go on for as long as the clock was ahead."""
    world = rolling()
    before = world.rollout.generation
    world.now -= 3600
    world.tick()
    assert lease_of(world) <= world.now + LEASE_S
    assert world.rollout.generation == before + 1


def test_without_a_canary_there_is_no_lease() -> None:
    assert lease_of(serving()) == 0.0


def test_the_generation_grows_with_every_change_and_with_nothing_else() -> None:
    """Proxies refuse a lower one, and acknowledge each."""
    world = serving()
    world.run(5)
    quiet = world.rollout.generation
    world.run(5)
    assert world.rollout.generation == quiet
    world.policy = world.policy.model_copy(update={"rescue": RescueMode.PIN})
    world.tick()
    assert world.rollout.generation == quiet + 1
    assert world.document is not None
    assert world.document.rescue is Rescue.PIN


def test_a_lost_status_does_not_set_the_generation_back() -> None:
    """The routing document in the cluster is newer than a status that was wiped."""
    world = rolling()
    before = world.rollout.generation
    world.status = VoiceAssistantStatus()
    world.tick()
    assert world.rollout.generation > before


def test_the_replaced_stable_is_kept_while_calls_are_on_it() -> None:
    """Long calls are not cut by a promotion (P5)."""
    world = rolling()
    world.proxies[1].live = {"one": 1}
    world.run_until(Phase.STABLE)
    assert [each.name for each in world.rollout.retained] == ["one"]
    world.proxies[1].live = {}
    world.tick()
    assert world.rollout.retained == ()


def test_a_silent_proxy_keeps_a_revision_until_no_call_can_be_on_it() -> None:
    """Nothing is known of its calls but that they end."""
    world = rolling()
    world.proxies.append(Proxy("proxy-c", ready=False, reachable=False))
    world.run_until(Phase.STABLE)
    world.run(100)
    assert [each.name for each in world.rollout.retained] == ["one"]
    world.tick(1900)
    assert world.rollout.retained == ()


def test_a_revision_that_serves_again_is_not_kept_twice() -> None:
    """Nor is it rejected any more: its callers are not rescued from it."""
    world = rolling(slow=frozenset({"two"}))
    world.proxies[0].live = {"two": 1}
    world.run_until(Phase.ROLLED_BACK)
    assert world.document is not None
    assert world.document.rejected == ("two",)
    world.desired = ref("three")
    world.tick()
    world.desired = ref("two")
    world.tick()
    assert world.document.rejected == ()
    assert [each.name for each in world.document.revisions()].count("two") == 1


def test_keys_of_proxies_that_are_gone_stay_for_the_calls_they_left() -> None:
    """A caller who comes back to another proxy is still known; the number of keys is bounded."""
    world = serving()
    world.proxies[0] = Proxy("proxy-a", boot="again")
    world.tick()
    assert world.document is not None
    assert [each.key_id for each in world.document.peers] == [
        "key-proxy-a-boot",
        "key-proxy-b-boot",
        "key-proxy-a-again",
    ]
    for index in range(MAX_PEERS + 3):
        world.proxies[0] = Proxy("proxy-a", boot=str(index))
        world.tick()
    kept = [each.key_id for each in world.rollout.peers]
    assert len(kept) == MAX_PEERS
    assert {"key-proxy-b-boot", f"key-proxy-a-{MAX_PEERS + 2}"} <= set(kept)


@pytest.mark.parametrize("seconds", [0.0, 1_700_000_000.123, 1_700_000_000.9999])
def test_times_are_exact_to_the_millisecond(seconds: float) -> None:
    """What is compared after a restart is what was compared before it."""
    assert to_text(to_seconds(to_text(seconds))) == to_text(seconds)
    assert abs(to_seconds(to_text(seconds)) - seconds) < 0.001
