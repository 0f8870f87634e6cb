"""The log on a real server, over the real protocol."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.integration.store.redis_process import RedisProcess
from understudy.adapters.store import log as module
from understudy.adapters.store.log import RedisLog, StoreAway


@pytest.fixture
async def log(server: RedisProcess) -> AsyncIterator[RedisLog]:
    found = RedisLog(server.url, "understudy:samples:shop")
    yield found
    await found.close()


async def test_entries_come_in_order_and_once(log: RedisLog) -> None:
    for body in (b"1", b"2", b"3"):
        await log.append(body)
    first = await log.after("0-0", 2, 1)
    assert [each.body for each in first] == [b"1", b"2"]
    rest = await log.after(first[-1].id, 10, 1)
    assert [each.body for each in rest] == [b"3"]
    assert await log.after(rest[-1].id, 10, 0.01) == []


async def test_the_newest_come_first_when_read_backwards(log: RedisLog) -> None:
    for body in (b"1", b"2", b"3"):
        await log.append(body)
    newest = await log.before("+", 2)
    assert [each.body for each in newest] == [b"3", b"2"]
    assert [each.body for each in await log.before(newest[-1].id, 2)] == [b"1"]


async def test_an_entry_carries_the_servers_time(log: RedisLog) -> None:
    before = await log.now()
    await log.append(b"x")
    (entry,) = await log.before("+", 1)
    assert entry.at == pytest.approx(before, abs=5)


async def test_a_reader_waits_for_news(log: RedisLog) -> None:
    waiting = asyncio.create_task(log.after("0-0", 10, 5))
    await asyncio.sleep(0)
    await log.append(b"news")
    assert [each.body for each in await waiting] == [b"news"]


async def test_the_log_is_capped(log: RedisLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 50)
    for number in range(200):
        await log.append(str(number).encode())
    kept = await log.before("+", 1000)
    assert kept[0].body == b"199"
    assert len(kept) < 200


async def test_a_server_that_is_gone_is_said_and_found_again(log: RedisLog, server: RedisProcess) -> None:
    await log.append(b"1")
    server.kill()
    for attempt in (log.append(b"2"), log.now(), log.after("0-0", 1, 0.01), log.before("+", 1)):
        with pytest.raises(StoreAway):
            await attempt
    server.start()
    await log.append(b"3")
    assert [each.body for each in await log.after("0-0", 10, 1)] == [b"3"]


async def test_a_server_that_hangs_is_given_up(
    log: RedisLog, server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it says later is not taken for the answer to something else."""
    monkeypatch.setattr(module, "OPERATION_S", 0.05)
    await log.append(b"1")
    server.stop()
    with pytest.raises(StoreAway, match="TimeoutError"):
        await log.append(b"2")
    with pytest.raises(StoreAway):
        await log.after("0-0", 1, 0.01)
    server.resume()
    monkeypatch.setattr(module, "OPERATION_S", 5.0)
    assert await log.now() > 1e9
    assert (await log.after("0-0", 10, 1))[0].body == b"1"


async def test_a_password_is_never_said(server: RedisProcess) -> None:
    log = RedisLog(server.url.replace("redis://", "redis://user:hunter2@"), "s")
    server.kill()
    with pytest.raises(StoreAway) as caught:
        await log.append(b"x")
    assert "hunter2" not in str(caught.value)
    await log.close()
