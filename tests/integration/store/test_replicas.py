"""Replicas that share through a real server, while it is killed, stopped and emptied."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from redis import Redis

from tests.integration.store.redis_process import RedisProcess
from understudy.adapters.store import log as store
from understudy.adapters.store.log import RedisLog
from understudy.apps.proxy import sharing as module
from understudy.apps.proxy.sharing import SAME, Sharing
from understudy.base.clock import SystemClock
from understudy.domain.routing.pool.knowledge import Knowledge
from understudy.domain.routing.pool.pool import Pool, Target
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.step import Ask, Sample

PATIENCE_S = 20
"""Only a test that fails waits as long."""

KEY = "shop/eu/mini"


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pauses, shorter."""
    monkeypatch.setattr(module, "BATCH_S", 0.01)
    monkeypatch.setattr(module, "PAUSE_LONGEST_S", 0.2)
    monkeypatch.setattr(module, "WAIT_S", 0.1)
    monkeypatch.setattr(store, "OPERATION_S", 0.3)


class Replica:
    """One proxy's knowledge, a pool of two, and its part in sharing."""

    def __init__(self, url: str, name: str) -> None:
        self.clock = SystemClock()
        self.knowledge = Knowledge(random.Random(1))
        self.sharing = Sharing(
            RedisLog(url, "understudy:samples:shop"), self.knowledge, lambda _: PoolSettings(), self.clock, replica=name
        )
        targets = [Target(KEY, "mini"), Target("shop/us/mini", "other")]
        self.pool = Pool(PoolSettings(), targets, self.knowledge, random.Random(1))

    def turn(self, seconds: float = 0.3) -> None:
        """One turn, answered after `seconds`."""
        now = self.clock.monotonic()
        turn = self.pool.turn(Ask())
        shot = turn.start(now - seconds).fire[0]
        turn.clause(shot.id, now)
        turn.done(shot.id, now)

    def learn(self, key: str = KEY, seconds: float = 0.3) -> None:
        self.knowledge.took(Sample(key, self.clock.monotonic(), seconds), PoolSettings())

    def samples(self, key: str = KEY) -> int:
        return self.knowledge.entry(key).estimate.samples

    async def together(self) -> None:
        await until(lambda: self.sharing.state == "Shared")


Join = Callable[[str], Awaitable[Replica]]


@pytest.fixture
async def join(server: RedisProcess) -> AsyncIterator[Join]:
    """Start a replica and wait until it reads."""
    async with AsyncExitStack() as stack:

        async def start(name: str) -> Replica:
            replica = Replica(server.url, name)
            task = asyncio.create_task(replica.sharing.run())

            async def stop() -> None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

            stack.push_async_callback(stop)
            await replica.together()
            return replica

        yield start


async def until(true: Callable[[], bool]) -> None:
    """Wait for what has no event to wait for."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.005)


async def test_replicas_learn_from_each_other(join: Join) -> None:
    one, other = await join("one"), await join("other")
    one.learn(seconds=0.2)
    other.learn(seconds=0.2)
    await until(lambda: one.samples() == other.samples() == 2)
    assert one.sharing.view(one.clock.monotonic()).replicas == 1


async def test_a_newcomer_knows_what_others_paid_for(join: Join) -> None:
    """So that exploring does not begin again with every replica."""
    one = await join("one")
    for number in range(1, 6):
        for _ in range(SAME):
            one.learn(KEY, 0.9)
            one.learn("shop/us/mini", 0.2)
        await until(lambda number=number: one.sharing.sent == 2 * SAME * number)  # type: ignore[misc]
    late = await join("late")
    assert late.samples() == 5 * SAME
    assert [late.pool.targets[index].name for index in late.pool.ranking()] == ["other", "mini"]


async def test_turns_go_on_while_the_server_is_killed_and_are_shared_when_it_is_back(
    join: Join, server: RedisProcess
) -> None:
    one, other = await join("one"), await join("other")
    server.kill()
    for _ in range(50):
        one.turn()
    await until(lambda: one.sharing.state == other.sharing.state == "Alone")
    assert one.samples() + one.samples("shop/us/mini") >= 50
    server.start()
    await until(lambda: one.sharing.state == other.sharing.state == "Shared")
    before = other.sharing.received
    one.turn()
    await until(lambda: other.sharing.received > before)


async def test_a_server_that_hangs_delays_no_turn(join: Join, server: RedisProcess) -> None:
    """Turns need no step of the loop at all, so there is nothing that they could wait for."""
    one, other = await join("one"), await join("other")
    server.stop()
    for _ in range(50):
        one.turn()
    assert one.pool.counts.turns == 50
    await until(lambda: one.sharing.state == other.sharing.state == "Alone")
    server.resume()
    await until(lambda: one.sharing.state == other.sharing.state == "Shared")
    before = other.sharing.received
    one.turn()
    await until(lambda: other.sharing.received > before)


async def test_a_server_that_was_emptied_is_used_on(join: Join, server: RedisProcess) -> None:
    one, other = await join("one"), await join("other")
    one.learn()
    await until(lambda: other.samples() == 1)
    server.flush()
    one.learn()
    await until(lambda: other.samples() == 2)


async def test_a_thousand_samples_at_once_are_a_few_entries(join: Join, server: RedisProcess) -> None:
    """And the latest of them arrive."""
    one, other = await join("one"), await join("other")
    for number in range(1000):
        one.learn(f"shop/{number % 10}/mini")
    await until(lambda: other.sharing.received == 10 * SAME)
    with Redis.from_url(server.url) as client:
        assert client.xlen("understudy:samples:shop") <= 2
    assert one.sharing.sent == 10 * SAME
    assert other.samples("shop/9/mini") == SAME
