"""The work queue: which assistants to look at, each at most once at a time, and when to look again.

Level-triggered: a key says that something may have changed, never what. Keys that are added while they wait are one
key; a key that is added while it is worked on comes up once more afterwards.
"""

import asyncio
from collections import OrderedDict

from understudy.apps.controller.ports import Key
from understudy.base.clock import Clock

FIRST_RETRY_S = 0.2
"""After one failure, which is mostly a conflict that reading again resolves."""

LONGEST_RETRY_S = 60.0
"""However often it failed: an assistant that was repaired is served within a minute."""


class WorkQueue:
    """Keys that wait, keys that are worked on, and timers for those that are due later."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: OrderedDict[Key, float] = OrderedDict()
        self._working: dict[Key, float] = {}
        self._again: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}
        self._wakeup = asyncio.Event()

    def add(self, key: Key) -> None:
        """`key` is due now."""
        self._cancel_timer(key)
        if key in self._working:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting[key] = self._clock.monotonic()
            self._wakeup.set()

    def add_after(self, key: Key, seconds: float) -> None:
        """`key` is due in `seconds`, unless it is due earlier already."""
        if key in self._waiting or key in self._again:
            return
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer and timer.when() <= loop.time() + seconds:
            return
        self._cancel_timer(key)
        self._timers[key] = loop.call_later(max(seconds, 0.0), self.add, key)

    def retry(self, key: Key) -> float:
        """`key` failed: due again after a pause that doubles with each failure. Returns the pause in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause = min(FIRST_RETRY_S * 2.0 ** min(failures, 30), LONGEST_RETRY_S)
        self.add_after(key, pause)
        return pause

    def succeeded(self, key: Key) -> None:
        """The next failure of `key` is a first one again."""
        self._failures.pop(key, None)

    def forget(self, key: Key) -> None:
        """`key` is gone: no timer and no memory of it stays."""
        self._cancel_timer(key)
        self._failures.pop(key, None)
        self._again.discard(key)
        self._waiting.pop(key, None)

    async def get(self) -> Key:
        """The key that waited longest; the caller calls `done` when finished with it."""
        while not self._waiting:
            self._wakeup.clear()
            await self._wakeup.wait()
        key, _ = self._waiting.popitem(last=False)
        self._working[key] = self._clock.monotonic()
        return key

    def done(self, key: Key) -> None:
        """The work on `key` is over, well or badly."""
        self._working.pop(key, None)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def depth(self) -> int:
        """Keys that are due and not worked on."""
        return len(self._waiting)

    def oldest_s(self) -> float:
        """Seconds that the longest-waiting or longest-worked-on key has been so; 0 if there is none."""
        since = [*self._waiting.values(), *self._working.values()]
        return self._clock.monotonic() - min(since) if since else 0.0

    def _cancel_timer(self, key: Key) -> None:
        if timer := self._timers.pop(key, None):
            timer.cancel()
