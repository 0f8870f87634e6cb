"""Health: it fails when reconciling goes stale, and not when the API server is away for a while (P14)."""

import pytest

from tests.unit.apps.controller.fake_cluster import FakeCluster
from understudy.adapters.cluster.errors import ClusterError
from understudy.apps.controller.health import (
    RESYNC_FAILING_S,
    RESYNC_S,
    RESYNC_SILENT_S,
    STUCK_S,
    Heartbeat,
    make_app,
)
from understudy.apps.controller.intake import Intake
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.neighbours import Neighbours
from understudy.apps.controller.ports import Key
from understudy.apps.controller.queue import WorkQueue
from understudy.apps.controller.resync import Resync
from understudy.apps.controller.world import Worlds
from understudy.base.clock import ManualClock
from understudy.domain.desired.kinds import VOICE_ASSISTANT

KEY = Key("shop", "front-desk")


class Running:
    """A resync with its heartbeat, and a watch that the test plays."""

    def __init__(self) -> None:
        self.clock, self.cluster = ManualClock(), FakeCluster()
        self.heartbeat = Heartbeat(self.clock)
        self.queue = WorkQueue(self.clock)
        self.heartbeat.oldest_key_s = self.queue.oldest_s
        worlds = Worlds(self.cluster, self.clock)
        self.intake = Intake(self.queue, self.heartbeat, worlds.invalidate, Neighbours(self.cluster, self.queue.add))
        self.resync = Resync(self.cluster, (), self.queue, worlds, intake=self.intake, heartbeat=self.heartbeat)
        self.heartbeat.started()

    def write(self, **spec: object) -> dict[str, object]:
        metadata = {"namespace": KEY.namespace, "name": KEY.name}
        return self.cluster.put({"kind": VOICE_ASSISTANT.kind, "metadata": metadata, "spec": spec})

    async def tick(self) -> None:
        self.clock.advance(RESYNC_S)
        self.heartbeat.attempted()
        await self.resync.once()
        self.queue.forget(KEY)


async def test_a_watch_that_died_is_noticed() -> None:
    """The list shows a change that the watch has not shown by the next resync."""
    running = Running()
    running.intake.assistant(None, running.write(model=1))
    await running.tick()
    running.write(model=2)
    await running.tick()
    assert running.heartbeat.trouble() is None
    await running.tick()
    assert "the watch does not show changes of shop/front-desk" in str(running.heartbeat.trouble())


async def test_a_watch_that_lives_is_healthy_however_much_changes() -> None:
    running = Running()
    for number in range(5):
        running.intake.assistant("MODIFIED", running.write(model=number))
        await running.tick()
        assert running.heartbeat.trouble() is None


async def test_a_deleted_assistant_is_no_lag() -> None:
    running = Running()
    body = running.write()
    await running.tick()
    del running.cluster.objects[VOICE_ASSISTANT.kind, *KEY]
    running.intake.assistant("DELETED", body)
    await running.tick()
    assert running.heartbeat.trouble() is None


async def test_a_resync_looks_at_every_assistant_even_without_a_watch() -> None:
    running = Running()
    running.write()
    await running.resync.once()
    assert await running.queue.get() == KEY


async def test_an_api_server_that_is_away_is_not_our_illness_at_first() -> None:
    running = Running()

    class Away(FakeCluster):
        async def list(self, *_: object, **__: object) -> list[dict[str, object]]:
            msg = "away"
            raise ClusterError(msg)

    running.resync._cluster = Away()
    for seconds in range(0, int(RESYNC_FAILING_S), int(RESYNC_S)):
        assert running.heartbeat.trouble() is None, seconds
        running.clock.advance(RESYNC_S)
        running.heartbeat.attempted()
        with pytest.raises(ClusterError):
            await running.resync.once()
    running.clock.advance(1)
    assert "no resync succeeded" in str(running.heartbeat.trouble())


@pytest.mark.parametrize(
    ("seconds", "word"), [(RESYNC_SILENT_S - 1, None), (RESYNC_SILENT_S + 1, "no resync was tried")]
)
def test_a_resync_loop_that_stopped_is_noticed(seconds: float, word: str | None) -> None:
    running = Running()
    running.clock.advance(seconds)
    trouble = running.heartbeat.trouble()
    assert (trouble is None) if word is None else (word in str(trouble))


async def test_a_reconciliation_that_hangs_is_noticed() -> None:
    running = Running()
    running.queue.add(KEY)
    await running.queue.get()
    running.clock.advance(STUCK_S + 1)
    running.heartbeat.attempted()
    assert "has waited" in str(running.heartbeat.trouble())


def test_a_standby_is_healthy_doing_nothing() -> None:
    clock = ManualClock()
    heartbeat = Heartbeat(clock)
    clock.advance(10_000)
    assert heartbeat.trouble() is None


def test_the_admin_server_has_probes_and_metrics() -> None:
    paths = {
        route.resource.canonical
        for route in make_app(Heartbeat(ManualClock()), Metrics()).router.routes()
        if route.resource
    }
    assert paths == {"/healthz", "/readyz", "/metrics"}
