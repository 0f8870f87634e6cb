"""Waking those who wait for a change."""

import asyncio
from collections.abc import Callable


class Signal:
    """Wakes every waiter at each change; nobody waiting costs nothing, and no change is missed between two waits."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def fire(self) -> None:
        """Wake all who wait now."""
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, happened: Callable[[], bool], seconds: float) -> bool:
        """Wait until `happened()`, looking at each change, for at most `seconds`; the last answer of `happened`."""
        try:
            async with asyncio.timeout(seconds):
                while not happened():
                    await self._event.wait()
        except TimeoutError:
            return happened()
        return True
