"""What is read is kept for a moment, and never longer than it is true."""

from typing import Any

from tests.unit.apps.controller.fake_cluster import FakeCluster
from understudy.apps.controller.ports import Key
from understudy.apps.controller.world import KEPT_S, Worlds
from understudy.base.clock import ManualClock
from understudy.domain import naming
from understudy.domain.desired.kinds import SERVICE, VOICE_ASSISTANT

KEY = Key("shop", "front-desk")


def make() -> tuple[FakeCluster, ManualClock, Worlds]:
    cluster, clock = FakeCluster(), ManualClock()
    cluster.put({"kind": VOICE_ASSISTANT.kind, "metadata": {"namespace": "shop", "name": "front-desk"}, "spec": {}})
    return cluster, clock, Worlds(cluster, clock)


async def test_it_is_read_again_after_a_while_or_a_change() -> None:
    cluster, clock, worlds = make()
    first = await worlds.gather(KEY)
    assert await worlds.gather(KEY) is first
    clock.advance(KEPT_S)
    second = await worlds.gather(KEY)
    assert second is not first
    worlds.invalidate(KEY)
    assert await worlds.gather(KEY) is not second
    assert cluster.reads > 0


async def test_a_change_while_reading_is_not_missed() -> None:
    """What was read may be from before the change, so it serves this pass and is not kept for the next."""
    cluster, _, worlds = make()
    lists = cluster.list

    async def changed_meanwhile(*arguments: Any) -> list[dict[str, Any]]:
        worlds.invalidate(KEY)
        return await lists(*arguments)

    cluster.list = changed_meanwhile  # type: ignore[method-assign]
    first = await worlds.gather(KEY)
    cluster.list = lists  # type: ignore[method-assign]
    assert await worlds.gather(KEY) is not first


async def test_the_objects_of_a_namesake_that_is_gone_are_not_ours() -> None:
    cluster, _, worlds = make()
    uid = cluster.find(VOICE_ASSISTANT, "shop", "front-desk")["metadata"]["uid"]
    for name, owner in (("ours", uid), ("theirs", "another")):
        metadata = {"namespace": "shop", "name": name, "labels": naming.labels("front-desk", "proxy")}
        cluster.put({"kind": SERVICE.kind, "metadata": {**metadata, "ownerReferences": [{"uid": owner}]}})
    world = await worlds.gather(KEY)
    assert world is not None
    assert [each["metadata"]["name"] for each in world.of_kind(SERVICE)] == ["ours"]


async def test_one_that_is_being_deleted_is_gone_for_us() -> None:
    cluster, _, worlds = make()
    cluster.find(VOICE_ASSISTANT, "shop", "front-desk")["metadata"]["deletionTimestamp"] = "now"
    assert await worlds.gather(KEY) is None
