"""What one replica makes of a log, whatever the log does."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.unit.apps.proxy.sharing.fake_log import FakeLog
from understudy.apps.proxy import sharing as module
from understudy.apps.proxy.sharing import HISTORY_S, SAME, WAITING, Sharing
from understudy.base.clock import ManualClock
from understudy.domain.routing.pool.exchange import MOST_SAMPLES, pack, unpack
from understudy.domain.routing.pool.knowledge import Knowledge
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.step import Failure, Sample

SETTINGS = PoolSettings()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses: they are not what is tested."""
    for name in ("BATCH_S", "PAUSE_FIRST_S", "PAUSE_LONGEST_S"):
        monkeypatch.setattr(module, name, 0.0)


class Replica:
    """One proxy's knowledge and its part in sharing it."""

    def __init__(self, log: FakeLog | None, name: str = "us") -> None:
        self.clock = ManualClock(1000.0)
        self.knowledge = Knowledge(random.Random(1))
        self.sharing = Sharing(log, self.knowledge, lambda _: SETTINGS, self.clock, replica=name)

    def took(self, key: str = "n/a/m", seconds: float = 0.5) -> None:
        """A request of our own."""
        self.knowledge.took(Sample(key, self.clock.at, seconds), SETTINGS)

    def samples(self, key: str = "n/a/m") -> int:
        return self.knowledge.entry(key).estimate.samples

    def expected_s(self, key: str = "n/a/m") -> float:
        """Median time to the first clause."""
        return math.exp(self.knowledge.entry(key).estimate.outlook(self.clock.at).location)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.sharing.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    """Let other tasks run until something is the case."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - what is waited for knows no events
            await asyncio.sleep(0)


def foreign(*samples: Sample, replica: str = "them", now: float = 0.0) -> bytes:
    return pack(replica, list(samples), now)


async def test_what_one_learns_the_other_knows() -> None:
    log = FakeLog()
    one, other = Replica(log, "one"), Replica(log, "other")
    async with one.running(), other.running():
        one.took(seconds=0.25)
        await until(lambda: other.samples() == 1)
    assert other.expected_s() == pytest.approx(one.expected_s(), rel=0.01)
    assert (one.sharing.sent, other.sharing.received) == (1, 1)
    assert one.samples() == 1, "its own sample does not come back to it"
    assert other.sharing.view(other.clock.at).replicas == 1


async def test_what_was_learned_from_others_is_not_passed_on() -> None:
    """Or it would go round for ever."""
    log, replica = FakeLog(), Replica(FakeLog())
    replica = Replica(log)
    log.put(foreign(Sample("n/a/m", 0.0, 0.5)))
    async with replica.running():
        await until(lambda: replica.sharing.received == 1)
        replica.took()
        await until(lambda: replica.sharing.sent == 1)
    assert len(log.entries) == 2


async def test_a_newcomer_reads_the_last_minutes_in_order_and_nothing_older() -> None:
    log = FakeLog()
    log.put(foreign(Sample("n/old/m", 0.0, 9.0)), age_s=HISTORY_S + 1)
    for age in range(100, 0, -1):
        log.put(foreign(Sample("n/a/m", 0.0, 2.0 if age > 50 else 0.2)), age_s=float(age))
    replica = Replica(log)
    async with replica.running():
        await until(lambda: replica.sharing.received == 100)
    assert replica.samples("n/old/m") == 0
    at = replica.knowledge.entry("n/a/m").estimate.at
    assert at == replica.clock.at - 1, "the log's clock is not ours, and ages survive that"
    assert replica.expected_s() == pytest.approx(0.2, rel=0.3), "the latest counts"


async def test_a_newcomer_reads_no_more_than_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HISTORY_BATCHES", 100)
    log = FakeLog()
    for age in range(500, 0, -1):
        log.put(foreign(Sample("n/a/m", 0.0, 0.5)), age_s=age / 10)
    replica = Replica(log)
    async with replica.running():
        await until(lambda: log.reads > 0)
        assert replica.sharing.received == 100
        log.put(foreign(Sample("n/a/m", 0.0, 0.5)))
        await until(lambda: replica.sharing.received == 101)


async def test_an_age_from_a_clock_that_is_ahead_is_now() -> None:
    log, replica = FakeLog(), Replica(FakeLog())
    replica = Replica(log)
    async with replica.running():
        await until(lambda: log.reads > 0)
        log.at += 3600
        log.put(foreign(Sample("n/a/m", 0.0, 0.5)))
        await until(lambda: replica.sharing.received == 1)
    assert replica.knowledge.entry("n/a/m").estimate.at == replica.clock.at


async def test_failures_of_others_open_the_breaker_here() -> None:
    log, replica = FakeLog(), Replica(FakeLog())
    replica = Replica(log)
    broken = [Sample("n/a/m", 0.0, failure=Failure.SERVER)] * SETTINGS.breaker_failures
    async with replica.running():
        log.put(foreign(*broken))
        await until(lambda: replica.sharing.received == len(broken))
    assert not replica.knowledge.entry("n/a/m").breaker.admits(replica.clock.at)


async def test_a_refused_key_is_not_told() -> None:
    log = FakeLog()
    replica = Replica(log)
    replica.knowledge.took(Sample("n/a/m", 1000.0, failure=Failure.AUTH), SETTINGS)
    replica.took("n/b/m")
    async with replica.running():
        await until(lambda: bool(log.entries))
    assert [row[0] for row in unpack(log.entries[0].body).rows] == ["n/b/m"]


async def test_without_a_store_nothing_is_kept() -> None:
    replica = Replica(None)
    replica.took()
    async with replica.running():
        await asyncio.sleep(0)
    assert replica.knowledge.on_sample is None
    assert replica.sharing.view(0).state == "Off"


async def test_alone_while_the_store_is_away_and_together_again_when_it_is_back() -> None:
    log = FakeLog()
    replica = Replica(log)
    assert replica.sharing.state == "Connecting"
    async with replica.running():
        await until(lambda: replica.sharing.state == "Shared")
        log.fail()
        replica.took()
        await until(lambda: replica.sharing.state == "Alone")
        view = replica.sharing.view(replica.clock.at)
        assert (view.state, view.reason) == ("Alone", "no answer")
        assert replica.samples() == 1, "it goes on learning"
        log.away = False
        log.put(foreign(Sample("n/b/m", 0.0, 0.5)))
        replica.took("n/c/m")
        await until(lambda: replica.sharing.state == "Shared" and replica.sharing.received == 1)
        await until(lambda: replica.sharing.sent >= 1)
    assert replica.sharing.view(replica.clock.at).reason == ""
    assert log.closed


async def test_offering_never_waits_and_never_grows() -> None:
    """Nobody sends: the oldest go."""
    replica = Replica(FakeLog())
    for number in range(WAITING + 10):
        replica.took(f"n/{number % 7}/m")
    assert replica.sharing.dropped == 10
    assert len(replica.sharing._waiting) == WAITING


async def test_what_waited_too_long_is_not_sent() -> None:
    log = FakeLog()
    replica = Replica(log)
    replica.took("n/old/m")
    replica.clock.advance(HISTORY_S + 1)
    replica.took("n/new/m")
    async with replica.running():
        await until(lambda: bool(log.entries))
    assert [row[0] for row in unpack(log.entries[0].body).rows] == ["n/new/m"]
    assert replica.sharing.dropped == 1


async def test_a_batch_holds_the_latest_of_each_deployment() -> None:
    """A busy one does not crowd out the one that was explored, and learning from a fleet costs the same at any load."""
    log = FakeLog()
    replica = Replica(log)
    replica.took("n/rare/m")
    for number in range(50):
        replica.took("n/busy/m", seconds=float(number))
    async with replica.running():
        await until(lambda: bool(log.entries))
    rows = unpack(log.entries[0].body).rows
    assert [(row[0], row[2]) for row in rows] == [
        ("n/rare/m", 0.5), *(("n/busy/m", float(number)) for number in range(50 - SAME, 50)),
    ]  # fmt: skip


async def test_a_batch_is_bounded() -> None:
    log = FakeLog()
    replica = Replica(log)
    for number in range(MOST_SAMPLES + 5):
        replica.took(f"n/{number}/m")
    async with replica.running():
        await until(lambda: bool(log.entries))
    rows = unpack(log.entries[0].body).rows
    assert len(rows) == replica.sharing.sent == MOST_SAMPLES
    assert rows[-1][0] == f"n/{MOST_SAMPLES + 4}/m", "the oldest are left out"


async def test_a_stranger_in_the_log_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by what is no batch nor by deployments without end."""
    monkeypatch.setattr(module, "MOST_KEYS", 10)
    log = FakeLog()
    replica = Replica(log)
    async with replica.running():
        log.put(b"\x00rubbish")
        log.put(foreign(*(Sample(f"n/{number}/m", 0.0, 0.5) for number in range(100))))
        log.put(foreign(Sample("n/1/m", 0.0, 0.5)))
        await until(lambda: replica.sharing.received == 11)
    assert replica.sharing.refused == 1
    assert len(replica.knowledge._entries) == 10


async def test_a_log_that_began_anew_is_followed() -> None:
    """Emptied, and the server's clock went back: ids are smaller than what was read last."""
    log = FakeLog()
    replica = Replica(log)
    log.put(foreign(Sample("n/a/m", 0.0, 0.5)))
    async with replica.running():
        await until(lambda: replica.sharing.received == 1)
        log.entries.clear()
        log.at -= 3600
        log.put(foreign(Sample("n/b/m", 0.0, 0.5)))
        log.fail()
        await until(lambda: replica.sharing.state == "Alone")
        log.away = False
        await until(lambda: replica.sharing.received == 2)
    assert replica.samples("n/b/m") == 1
