"""Who may come in: the count of live calls, the capacity, and whether the pod is draining."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Admission:
    """The door of one agent process.

    Not thread-safe: all calls of a process live on one event loop.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.live = 0
        self.draining = False
        self.ready = False
        self._empty = asyncio.Event()
        self._empty.set()

    def refusal(self) -> str | None:
        """Why a call that comes now is refused (`starting`, `draining`, `full`), or None."""
        if not self.ready:
            return "starting"
        if self.draining:
            return "draining"
        return "full" if self.live >= self.capacity else None

    @contextmanager
    def call(self) -> Iterator[None]:
        """Counts one call for as long as the block runs, however it ends."""
        self.live += 1
        self._empty.clear()
        try:
            yield
        finally:
            self.live -= 1
            if self.live == 0:
                self._empty.set()

    async def drained(self) -> None:
        """Returns when no call is live."""
        await self._empty.wait()

    def to_json(self) -> dict[str, int | bool]:
        """What `/capacity` answers."""
        return {"live": self.live, "capacity": self.capacity, "draining": self.draining}
