"""A capped log that replicas append to and read: one stream of Redis or Valkey.

Every operation has a deadline of its own and fails with `StoreAway`; nothing is tried again here, because whoever
waits for a store decides how long.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from understudy.base.errors import UnderstudyError

OPERATION_S = 2.0
"""Longest wait for one answer: a store that needs longer is as good as away."""

MOST_ENTRIES = 20_000
"""Entries kept, about: ten minutes of eight busy replicas that write four times a second; some 20 MB."""

FIELD = b"b"
"""The one field of an entry."""


class StoreAway(UnderstudyError):
    """The store did not answer in time, or refused."""

    retryable = True


class Entry(NamedTuple):
    """One entry: its id, by which it is ordered; when the store took it, seconds on the store's clock; its content."""

    id: str
    at: float
    body: bytes


class RedisLog:
    """One stream.

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`, with user and password where needed.
        stream: the key.
    """

    def __init__(self, url: str, stream: str) -> None:
        self._stream = stream
        # Two, because a reader that waits holds its connection.
        self._reader, self._writer = _client(url), _client(url)

    async def append(self, body: bytes) -> None:
        """Add an entry; the oldest ones make room.

        Raises:
            StoreAway: it may or may not have been added.
        """
        async with _deadline(self._writer, OPERATION_S):
            await self._writer.xadd(self._stream, {FIELD: body}, maxlen=MOST_ENTRIES, approximate=True)

    async def now(self) -> float:
        """The store's clock, seconds since the epoch.

        Raises:
            StoreAway: no answer.
        """
        async with _deadline(self._reader, OPERATION_S):
            seconds, microseconds = await self._reader.time()
        return float(seconds) + float(microseconds) / 1e6

    async def before(self, id_: str, count: int) -> list[Entry]:
        """At most `count` entries older than `id_`, newest first; `+` begins at the end.

        Raises:
            StoreAway: no answer.
        """
        end = id_ if id_ == "+" else f"({id_}"
        async with _deadline(self._reader, OPERATION_S):
            found: Any = await self._reader.xrevrange(self._stream, max=end, count=count)
        return [_entry(*each) for each in found or ()]

    async def after(self, id_: str, count: int, wait_s: float) -> list[Entry]:
        """At most `count` entries newer than `id_`, oldest first; waits up to `wait_s` for the first.

        Raises:
            StoreAway: no answer.
        """
        async with _deadline(self._reader, OPERATION_S + wait_s):
            streams: Any = await self._reader.xread(
                {self._stream: id_}, count=count, block=max(1, round(wait_s * 1000))
            )
        return [_entry(*each) for _, entries in streams or () for each in entries]

    async def close(self) -> None:
        """Close connections."""
        for client in (self._reader, self._writer):
            await client.aclose()


def _client(url: str) -> "Redis":
    return Redis.from_url(
        url,
        max_connections=1,
        protocol=2,  # understood by every server there is
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=OPERATION_S,
        socket_timeout=None,  # ours is around the whole operation
    )


@asynccontextmanager
async def _deadline(client: "Redis", seconds: float) -> AsyncIterator[None]:
    """Within `seconds`, or the connection is thrown away: half an answer must not be taken for the next one's."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (RedisError, OSError, TimeoutError) as error:
        await client.connection_pool.disconnect()
        raise StoreAway(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from error


def _entry(id_: bytes, fields: dict[bytes, bytes]) -> Entry:
    text = id_.decode()
    return Entry(text, int(text.partition("-")[0]) / 1000, fields.get(FIELD, b""))
