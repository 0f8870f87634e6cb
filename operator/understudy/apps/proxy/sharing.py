"""What replicas tell each other of deployments, so that the cost of exploring does not grow with their number.

Each appends what it learned to a log and learns from what others appended; a new one reads the last minutes first. The
log is a convenience: a turn never waits for it, and when it is away each replica goes on with what it sees itself.
"""

import asyncio
import logging
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from understudy.base.clock import Clock
from understudy.base.errors import InvalidInput, UnderstudyError
from understudy.domain.routing.pool.exchange import MOST_SAMPLES, Batch, pack, shareable, unpack
from understudy.domain.routing.pool.knowledge import Knowledge
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.step import Sample
from understudy.domain.routing.pool.view import SharingView

log = logging.getLogger(__name__)

BATCH_S = 0.25
"""Samples are collected for so long: four writes a second whatever the load, and news is young enough to act on."""

WAITING = 4096
"""Samples that wait to be sent: when the store is away the oldest ones go, since only the latest matter."""

HISTORY_S = 600.0
"""How far back a new replica reads: estimates have mostly reverted after some minutes."""

HISTORY_BATCHES = 2000
"""Most batches of it: some two seconds of work, spread out."""

PAGE = 50
"""Batches read at once: a few milliseconds of parsing between two looks at calls."""

SLICE = 8
"""Samples learned in a row before calls have their turn again: about half a millisecond."""

SAME = 4
"""Samples of one deployment in a batch; of more the latest are sent. Sixteen a second of each replica say all there is
to say of it, and learning from a fleet costs the same whatever its load."""

WAIT_S = 1.0
"""How long one read waits for news."""

LOOK_BACK_S = 30.0
"""After so long without news it is checked whether the log was emptied and began anew."""

PAUSE_FIRST_S = 0.2
"""First pause after a failure: a store that fails over is back within seconds."""

PAUSE_LONGEST_S = 15.0
"""Longest pause: what a replica goes on alone for at most when the store is back."""

HEARD_S = 120.0
"""A replica that was silent for so long is not counted any more: it left, or nobody calls it."""

MOST_REPLICAS = 1000
"""Replicas told apart."""

MOST_KEYS = 8192
"""Deployments learned of from others: several assistants' largest pools. Bounds what a stranger can make us keep."""

BEGINNING = "0-0"
"""The id before the first entry."""


class Entry(Protocol):
    """One entry of a log, as in `adapters.store.log`."""

    @property
    def id(self) -> str:
        """Orders entries."""
        ...

    @property
    def at(self) -> float:
        """When the log took it, seconds on the log's clock."""
        ...

    @property
    def body(self) -> bytes:
        """What was appended."""
        ...


class Log(Protocol):
    """A log that outlives replicas; every method raises `UnderstudyError` when it is away."""

    async def append(self, body: bytes) -> None:
        """Add an entry."""
        ...

    async def now(self) -> float:
        """The log's clock, seconds."""
        ...

    async def before(self, id_: str, count: int) -> Sequence[Entry]:
        """Entries older than `id_` (`+`: all), newest first."""
        ...

    async def after(self, id_: str, count: int, wait_s: float) -> Sequence[Entry]:
        """Entries newer than `id_`, oldest first; waits for the first."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class Sharing:
    """One replica's part in it.

    Args:
        store: the log; None: none is configured.
        knowledge: what is shared.
        settings_of: the settings of the pool that a deployment's key belongs to.
        clock: the machine's clocks.
        replica: tells this process apart; new at each start.
        draw: chance, for pauses.
    """

    def __init__(
        self,
        store: Log | None,
        knowledge: Knowledge,
        settings_of: Callable[[str], PoolSettings],
        clock: Clock,
        *,
        replica: str,
        draw: random.Random | None = None,
    ) -> None:
        self._store = store
        self._knowledge = knowledge
        self._settings_of = settings_of
        self._clock = clock
        self._replica = replica
        self._draw = draw or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._waiting: deque[Sample] = deque()
        self._news = asyncio.Event()
        self._mark = BEGINNING
        self._keys: set[str] = set()
        self._heard: dict[str, float] = {}
        self._up: dict[str, bool] = {}
        """By direction, whether the latest operation worked; absent before the first."""
        self._reason = ""
        self.sent = self.received = self.dropped = self.refused = 0
        """Samples sent, taken in, given up; and batches that were not understood."""
        if store is not None:
            knowledge.on_sample = self.offer

    def offer(self, sample: Sample) -> None:
        """One of our own; remembered to be sent. Never waits."""
        if not shareable(sample):
            return
        if len(self._waiting) >= WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(sample)
        self._news.set()

    def view(self, now: float) -> SharingView:
        """How it goes at `now`, on the monotonic clock."""
        return SharingView(
            state=self.state,
            replicas=sum(now - heard < HEARD_S for heard in self._heard.values()),
            sent=self.sent,
            received=self.received,
            dropped=self.dropped,
            reason=self._reason if self.state == "Alone" else "",
        )

    @property
    def state(self) -> str:
        """`Off`, `Connecting`, `Shared` or `Alone`."""
        if self._store is None:
            return "Off"
        if not all(self._up.values()):
            return "Alone"
        return "Shared" if self._up.get("read") else "Connecting"

    async def run(self) -> None:
        """Exchange until cancelled."""
        store = self._store
        if store is None:
            await asyncio.Event().wait()
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._for_ever("write", lambda: self._publish(store)))
                tasks.create_task(self._for_ever("read", lambda: self._follow(store)))
        finally:
            await store.close()

    async def _for_ever(self, direction: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` again and again; after a failure with a pause that grows."""
        pause = PAUSE_FIRST_S
        while True:
            try:
                await work()
            except UnderstudyError as error:
                if self._up.get(direction, True):
                    log.warning("shared knowledge: going on alone: %s", error)
                self._up[direction] = False
                self._reason = str(error)
                await asyncio.sleep(pause * self._draw.uniform(0.5, 1.0))
                pause = min(pause * 2, PAUSE_LONGEST_S)
            else:
                if not self._up.get(direction, True):
                    log.warning("shared knowledge: the store is back")
                self._up[direction] = True
                pause = PAUSE_FIRST_S

    async def _publish(self, store: Log) -> None:
        """Send what there is, when there is something; after a failure at once, so that the end of it is noticed."""
        works = self._up.get("write", True)
        if works:
            await self._news.wait()
            await asyncio.sleep(BATCH_S)
        now = self._clock.monotonic()
        while self._waiting and now - self._waiting[0].at > HISTORY_S:
            self._waiting.popleft()
            self.dropped += 1
        batch = self._batch()
        if works and not batch:
            return
        try:
            await store.append(pack(self._replica, batch, now))
        except UnderstudyError:
            self.dropped += len(batch)  # it may be there: a sample learned twice is worse than one lost
            raise
        self.sent += len(batch)

    def _batch(self) -> list[Sample]:
        """The latest of what waits, in order; nothing waits any more."""
        counts: Counter[str] = Counter()
        batch: deque[Sample] = deque()
        while self._waiting and len(batch) < MOST_SAMPLES:
            sample = self._waiting.pop()
            counts[sample.key] += 1
            if counts[sample.key] <= SAME:
                batch.appendleft(sample)
        self._waiting.clear()
        self._news.clear()
        return list(batch)

    async def _follow(self, store: Log) -> None:
        """Catch up, then read news until it fails or there is none for long."""
        past = self._clock.monotonic() - await store.now()
        await self._catch_up(store, past)
        self._up["read"] = True
        quiet_since = self._clock.monotonic()
        while self._clock.monotonic() - quiet_since < LOOK_BACK_S:
            found = await store.after(self._mark, PAGE, WAIT_S)
            if found:
                await self._take(found, past)
                quiet_since = self._clock.monotonic()

    async def _catch_up(self, store: Log, past: float) -> None:
        """Learn what was appended since the mark, of the last minutes."""
        found: list[Entry] = []
        mark, oldest = "+", self._clock.monotonic() - HISTORY_S
        newest = await store.before("+", 1)
        if newest and _order(newest[0].id) < _order(self._mark):
            self._mark = BEGINNING  # the log began anew
        while len(found) < HISTORY_BATCHES:
            page = await store.before(mark, PAGE)
            fresh = [each for each in page if _order(each.id) > _order(self._mark) and each.at + past > oldest]
            found += fresh
            if len(fresh) < PAGE:
                break
            mark = fresh[-1].id
        if newest:
            await self._take(found[::-1], past)
            self._mark = max(self._mark, newest[0].id, key=_order)

    async def _take(self, entries: Sequence[Entry], past: float) -> None:
        """Learn from `entries`, the oldest first; `past` is our clock's time less the log's."""
        for entry in entries:
            self._mark = entry.id
            try:
                batch = unpack(entry.body)
            except InvalidInput:
                self.refused += 1
                continue
            if batch.replica != self._replica:
                await self._learn(batch, min(entry.at + past, self._clock.monotonic()))

    async def _learn(self, batch: Batch, left_at: float) -> None:
        self._hear(batch.replica)
        for index, sample in enumerate(batch.samples(left_at)):
            if sample.key not in self._keys:
                if len(self._keys) >= MOST_KEYS:
                    continue
                self._keys.add(sample.key)
            self._knowledge.learn(sample, self._settings_of(sample.key))
            self.received += 1
            if index % SLICE == SLICE - 1:
                await asyncio.sleep(0)
        await asyncio.sleep(0)

    def _hear(self, replica: str) -> None:
        now = self._clock.monotonic()
        if replica not in self._heard and len(self._heard) >= MOST_REPLICAS:
            self._heard = {name: at for name, at in self._heard.items() if now - at < HEARD_S}
        if replica in self._heard or len(self._heard) < MOST_REPLICAS:
            self._heard[replica] = now


def _order(id_: str) -> tuple[int, int]:
    """Ids are two numbers: milliseconds and a count within them."""
    milliseconds, _, count = id_.partition("-")
    return int(milliseconds), int(count or 0)
