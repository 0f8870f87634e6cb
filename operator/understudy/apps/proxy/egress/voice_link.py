"""One socket to Cartesia, shared by the contexts of one agent."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import ClientWebSocketResponse

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.parts import Egress, account_of
from understudy.base.errors import ProviderError
from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech import cartesia
from understudy.domain.speech.voice_codec import VoiceEvent

OPEN_TIMEOUT_S = 2.0
"""Longest handshake with a voice."""


class VoiceLink:
    """Sends messages and sorts what comes back by context."""

    def __init__(self, socket: ClientWebSocketResponse[bool]) -> None:
        self._socket = socket
        self._inboxes: dict[str, Callable[[VoiceEvent | None], None]] = {}
        self._reader = asyncio.create_task(self._read())

    @property
    def open(self) -> bool:
        """Whether it can still be used."""
        return not self._reader.done() and not self._socket.closed

    def join(self, context_id: str, inbox: Callable[[VoiceEvent | None], None]) -> None:
        """Hand the events of `context_id` to `inbox`; None when the socket is gone."""
        self._inboxes[context_id] = inbox

    def leave(self, context_id: str) -> None:
        """No more events of `context_id`."""
        self._inboxes.pop(context_id, None)

    async def send(self, message: dict[str, Any]) -> None:
        """Send `message`.

        Raises:
            ConnectionError: the socket is gone.
        """
        await self._socket.send_str(orjson.dumps(message).decode())

    async def close(self) -> None:
        """Close the socket; the provider stops whatever it is still making."""
        self._reader.cancel()
        try:
            await asyncio.gather(self._reader, return_exceptions=True)
        finally:  # whoever closes may be cancelled meanwhile
            await self._socket.close()

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                context_id, event = cartesia.receive(message.data)
                inbox = self._inboxes.get(context_id)
                for receiver in [inbox] if inbox else [] if context_id else list(self._inboxes.values()):
                    receiver(event)
        except (ValueError, KeyError, TypeError):
            await self._socket.close()
        finally:
            for receiver in list(self._inboxes.values()):
                receiver(None)


class VoiceLinks:
    """The sockets of one agent, opened before they are needed and again when they are gone.

    One a voice: a context must not be begun again on the socket that it failed on.
    """

    def __init__(self, egress: Egress, call: Call) -> None:
        self._egress = egress
        self._call = call
        self._links: dict[tuple[str, ...], VoiceLink] = {}
        self._opening = asyncio.Lock()

    async def get(self, voice: Voice, account: Account) -> VoiceLink:
        """An open socket for `voice`.

        Raises:
            ProviderError: it cannot be opened.
        """
        async with self._opening:
            key = (account.name, account.base_url, voice.voice_id, voice.model or "")
            link = self._links.get(key)
            if link is None or not link.open:
                link = self._links[key] = await self._open(account)
            return link

    async def warm(self) -> None:
        """Open the first voice's socket, so that the first word does not wait for a handshake."""
        snapshot = self._call.snapshot()
        with contextlib.suppress(ProviderError):
            if snapshot.voices and snapshot.voices[0].provider == "cartesia":
                voice = snapshot.voices[0]
                await self.get(voice, account_of(snapshot, voice.account))

    async def close(self) -> None:
        """Close them all."""
        await asyncio.gather(*(link.close() for link in self._links.values()))

    async def _open(self, account: Account) -> VoiceLink:
        with upstream.told_as(account.name):
            request = cartesia.connect(account, self._egress.key(self._call, account))
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                return VoiceLink(await upstream.open_socket(self._egress.session, request))
