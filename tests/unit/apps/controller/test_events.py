"""Events: one for each thing that happens, counted when it happens again, and never a flood."""

from tests.unit.apps.controller.fake_cluster import FakeCluster, Write
from understudy.adapters.cluster.errors import Unreachable
from understudy.apps.controller.events import MAX_MESSAGE, PER_MINUTE, EventRecorder
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.ports import Key
from understudy.base.clock import ManualClock
from understudy.domain.desired.kinds import EVENT

KEY = Key("shop", "front-desk")


def make() -> tuple[FakeCluster, ManualClock, EventRecorder]:
    cluster, clock = FakeCluster(), ManualClock()
    return cluster, clock, EventRecorder(cluster, Metrics(), clock, "test")


async def test_the_same_thing_again_is_counted() -> None:
    cluster, clock, recorder = make()
    for _ in range(3):
        await recorder.post(KEY, "u", "Warning", "RolledBack", "worse")
        clock.advance(5)
    (name,) = cluster.names(EVENT)
    found = cluster.find(EVENT, "shop", name)
    assert (found["count"], found["reason"], found["involvedObject"]["name"]) == (3, "RolledBack", "front-desk")
    assert found["firstTimestamp"] < found["lastTimestamp"]


async def test_different_things_are_different_events() -> None:
    cluster, _, recorder = make()
    for message in ("one", "two"):
        await recorder.post(KEY, "u", "Normal", "StepDone", message)
    assert len(cluster.names(EVENT)) == 2


async def test_a_flood_is_cut_and_another_assistant_is_heard() -> None:
    cluster, clock, recorder = make()
    for number in range(3 * PER_MINUTE):
        await recorder.post(KEY, "u", "Normal", "Noise", str(number))
    assert len(cluster.names(EVENT)) == PER_MINUTE
    await recorder.post(Key("shop", "other"), "v", "Normal", "StepDone", "x")
    clock.advance(61)
    await recorder.post(KEY, "u", "Normal", "StepDone", "later")
    assert len(cluster.names(EVENT)) == PER_MINUTE + 2


async def test_a_failure_to_tell_is_no_failure_of_the_work() -> None:
    cluster, _, recorder = make()

    def away(_: Write) -> None:
        raise Unreachable("no")

    cluster.before_write = away
    await recorder.post(KEY, "u", "Normal", "StepDone", "x" * (2 * MAX_MESSAGE))
    cluster.before_write = lambda _: None
    await recorder.post(KEY, "u", "Normal", "StepDone", "x" * (2 * MAX_MESSAGE))
    (name,) = cluster.names(EVENT)
    assert len(cluster.find(EVENT, "shop", name)["message"]) == MAX_MESSAGE
