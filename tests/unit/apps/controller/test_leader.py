"""The leader lease: one at a time, a dead one is replaced, a living one never."""

from tests.unit.apps.controller.fake_cluster import FakeCluster
from understudy.apps.controller.leader import DURATION_S, NAME, Leadership
from understudy.base.clock import ManualClock
from understudy.domain.desired.kinds import LEASE


def two() -> tuple[FakeCluster, ManualClock, Leadership, Leadership]:
    cluster, clock = FakeCluster(), ManualClock()
    return cluster, clock, Leadership(cluster, "sys", "a", clock), Leadership(cluster, "sys", "b", clock)


async def test_one_leads_and_the_other_waits() -> None:
    _, clock, first, second = two()
    assert await first.claim()
    assert not await second.claim()
    for _ in range(20):
        clock.advance(2)
        assert await first.claim()
        assert not await second.claim()


async def test_a_dead_leader_is_replaced_after_its_time_and_not_before() -> None:
    cluster, clock, first, second = two()
    await first.claim()
    assert not await second.claim()
    clock.advance(DURATION_S)
    assert not await second.claim()
    clock.advance(1)
    assert await second.claim()
    assert not await first.claim()
    assert cluster.find(LEASE, "sys", NAME)["spec"]["leaseTransitions"] == 2


async def test_a_wrong_clock_of_the_leader_does_not_matter() -> None:
    """What counts is when *we* saw the lease change, not what time its holder wrote."""
    cluster, clock, first, second = two()
    await first.claim()
    cluster.find(LEASE, "sys", NAME)["spec"]["renewTime"] = "1970-01-01T00:00:00.000000Z"
    assert not await second.claim()
    assert cluster.find(LEASE, "sys", NAME)["spec"]["holderIdentity"] == "a"
    clock.advance(1)


async def test_a_lease_given_up_is_free_at_once() -> None:
    _, _, first, second = two()
    await first.claim()
    await first.release()
    assert await second.claim()


async def test_only_the_holder_gives_up() -> None:
    cluster, _, first, second = two()
    await first.claim()
    await second.release()
    assert cluster.find(LEASE, "sys", NAME)["spec"]["holderIdentity"] == "a"


async def test_of_two_that_take_it_at_once_one_gets_it() -> None:
    cluster, _, first, second = two()
    await first.claim()
    await first.release()
    disturbed: list[bool] = []

    def race(_: object) -> None:
        if not disturbed:
            disturbed.append(True)
            cluster.put(cluster.find(LEASE, "sys", NAME))

    cluster.before_write = race
    assert not await second.claim()
