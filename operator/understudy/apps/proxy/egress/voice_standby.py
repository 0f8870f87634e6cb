"""The next voice, ready to go on before the present one is given up: its first word is there when it is needed."""

import asyncio
from collections.abc import Callable

from understudy.apps.proxy.egress.voice_performance import Performance
from understudy.base.errors import ProviderError
from understudy.domain.revision.snapshot import Voice


class Standby:
    """At most one performance that is not heard yet.

    Args:
        make: a performance of a voice from a character on; None: there is no such account.
    """

    def __init__(self, make: Callable[[Voice, int], Performance | None]) -> None:
        self._make = make
        self._ready: tuple[Voice, Performance, asyncio.Task[None]] | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def begin(self) -> int | None:
        """Character from which the next voice is ready, or getting ready; None: it is not."""
        return self._ready[1].begin if self._ready else None

    def get_ready(self, voice: Voice, begin: int) -> None:
        """Let `voice` say the first clause from `begin` on, unheard; returns at once."""
        self.dismiss()
        performance = self._make(voice, begin)
        if performance is not None:
            self._ready = (voice, performance, asyncio.create_task(performance.prepare()))

    async def take(self, voice: Voice, begin: int) -> Performance | None:
        """The performance of `voice` from `begin` on, if it is ready; whatever else is ready is let go."""
        ready, self._ready = self._ready, None
        if ready is None:
            return None
        if (ready[0], ready[1].begin) == (voice, begin):
            try:
                await ready[2]
            except ProviderError:
                return None  # asked again, it says why
            return ready[1]
        self._let_go(ready)
        return None

    def dismiss(self) -> None:
        """It is not needed, or not for what it got ready for; returns at once."""
        ready, self._ready = self._ready, None
        if ready is not None:
            self._let_go(ready)

    async def close(self) -> None:
        """Nobody will be needed any more."""
        self.dismiss()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def _let_go(self, ready: tuple[Voice, Performance, asyncio.Task[None]]) -> None:
        task = asyncio.create_task(self._discard(*ready[1:]))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _discard(self, performance: Performance, preparing: asyncio.Task[None]) -> None:
        preparing.cancel()
        await asyncio.gather(preparing, return_exceptions=True)
        await performance.discard()
