"""A connection to the transcriber that would be next, open before it is needed. Some providers bill that."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from understudy.apps.proxy.egress.listen_link import Link
from understudy.base.errors import ProviderBroke, ProviderError
from understudy.domain.revision.snapshot import Transcriber
from understudy.domain.speech.codec import Leaving

AGAIN_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Pauses before a standby that broke is opened again; the last one repeats."""

RENEW_S = 20.0
"""A standby is renewed this long before the provider would close it, so that a call that takes it has some time."""

ALIVE_SHARE = 0.4
"""Share of a provider's idle time after which it is told that we are still there."""

Opening = Callable[[Transcriber], Awaitable[Link]]


class Standby:
    """Keeps one connection open until it is taken or not wanted any more.

    Args:
        transcriber: whose.
        opening: makes and opens a connection; raises ProviderError.
        failed: is told why one could not be opened, or broke.
    """

    def __init__(
        self,
        transcriber: Transcriber,
        opening: Opening,
        failed: Callable[[Transcriber, ProviderError], None],
    ) -> None:
        self.transcriber = transcriber
        self._opening = opening
        self._failed = failed
        self._link: Link | None = None
        self._settled = asyncio.Event()
        """It is open, or could not be opened."""
        self._task = asyncio.create_task(self._run())

    async def take(self) -> Link | None:
        """The connection, once it is open; None when it could not be opened. The standby ends.

        One that is being opened is waited for: it is there sooner than a new one would be.
        """
        await self._settled.wait()
        link, self._link = self._link, None
        self._task.cancel()
        return link if link is not None and link.is_open else None

    @property
    def ready(self) -> bool:
        """Whether the connection is open."""
        return self._link is not None and self._link.is_open

    async def close(self) -> None:
        """Not wanted any more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._link is not None:
            await self._link.close()

    async def _run(self) -> None:
        broken = 0
        while True:
            try:
                self._link = await self._opening(self.transcriber)
                self._settled.set()
                await self._keep(self._link)
                broken = 0
            except ProviderError as cause:
                self._link = None
                self._settled.set()
                self._failed(self.transcriber, cause)
                await asyncio.sleep(AGAIN_S[min(broken, len(AGAIN_S) - 1)])
                broken += 1

    async def _keep(self, link: Link) -> None:
        """Until it is due to be renewed.

        Raises:
            ProviderError: it broke.
        """
        lasts = link.codec.traits.lasts_s
        alive = asyncio.create_task(_keep_alive(link))
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(lasts - RENEW_S, RENEW_S) if lasts else None):
                    await _listen(link)
        finally:
            alive.cancel()
        self._link = None
        await link.close()


async def _listen(link: Link) -> None:
    """Take what the provider says until it is about to leave."""
    async for events in link.events():
        if any(isinstance(event, Leaving) for event in events):
            return
    raise ProviderBroke(link.account.name, f"closed the socket ({link.close_code})")


async def _keep_alive(link: Link) -> None:
    idle = link.codec.traits.idle_s
    with contextlib.suppress(ConnectionError):
        while idle is not None:
            await asyncio.sleep(idle * ALIVE_SHARE)
            await link.send(link.codec.keep_alive())
