"""Sockets to voices: one carries the contexts of one agent."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import ClientWebSocketResponse, WSMsgType

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.parts import Egress, account_of
from understudy.base.errors import ProviderError, ProviderRefused
from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.codec import Frame
from understudy.domain.speech.playout import Playout
from understudy.domain.speech.voice_codec import SocketVoiceCodec, VoiceEvent
from understudy.domain.speech.voices.registry import CODECS, VoiceCodec, on_socket

OPEN_TIMEOUT_S = 2.0
"""Longest handshake with a voice: TCP, TLS and the upgrade take three round trips, 50 to 300 ms."""

LEAST_OPEN_S = 0.25
"""Shortest time that a handshake is given where another voice could speak: three round trips across an ocean."""

WARM = 2
"""Voices whose sockets are opened when a call begins: the one that speaks, and the one that would take over."""

Inbox = Callable[[VoiceEvent | None], None]


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice and whose it is."""

    voice: Voice
    account: Account

    def codec(self) -> VoiceCodec:
        """A codec for one connection.

        Raises:
            ProviderRefused: nobody wrote one.
        """
        make = CODECS.get(self.voice.provider)
        if make is None:
            raise ProviderRefused(self.account.name, f"voice provider {self.voice.provider!r} is not built")
        return make(self.voice, self.account)


class VoiceLink:
    """Sends what the codec makes, and sorts what it reads by context.

    Args:
        socket: open.
        codec: for this socket alone.
        audio: what comes out of it.
    """

    def __init__(self, socket: ClientWebSocketResponse[bool], codec: SocketVoiceCodec, audio: SpeechFormat) -> None:
        self.codec = codec
        self.audio = audio
        self._socket = socket
        self._inboxes: dict[str, Inbox] = {}
        self._reader = asyncio.create_task(self._read())
        self._keeper = asyncio.create_task(self._keep(codec.traits.idle_s)) if codec.traits.idle_s else None

    @property
    def open(self) -> bool:
        """Whether it can still be used."""
        return not self._reader.done() and not self._socket.closed

    @property
    def free(self) -> bool:
        """Whether another context may begin."""
        return self.codec.traits.shared or not self._inboxes

    def join(self, context_id: str, inbox: Inbox) -> None:
        """Hand the events of `context_id` to `inbox`; None when the socket is gone."""
        self._inboxes[context_id] = inbox

    def leave(self, context_id: str) -> None:
        """No more events of `context_id`."""
        self._inboxes.pop(context_id, None)

    async def send(self, frames: list[Frame]) -> None:
        """Send `frames`.

        Raises:
            ConnectionError: the socket is gone.
        """
        for frame in frames:
            if isinstance(frame, bytes):
                await self._socket.send_bytes(frame)
            else:
                await self._socket.send_str(frame)

    async def close(self) -> None:
        """Close the socket; the provider stops whatever it is still making."""
        tasks = [task for task in (self._reader, self._keeper) if task]
        for task in tasks:
            task.cancel()
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:  # whoever closes may be cancelled meanwhile
            await self._socket.close()

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    self._sort(self.codec.receive(message.data))
        except (ValueError, KeyError, TypeError, AttributeError):
            await self._socket.close()
        finally:
            for receiver in list(self._inboxes.values()):
                receiver(None)

    def _sort(self, events: list[tuple[str, VoiceEvent]]) -> None:
        for context_id, event in events:
            inbox = self._inboxes.get(context_id)
            for receiver in [inbox] if inbox else [] if context_id else list(self._inboxes.values()):
                receiver(event)

    async def _keep(self, idle_s: float) -> None:
        """Say something twice within the time after which the provider would close."""
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(idle_s / 2)
                await self.send(self.codec.keep_alive())


class VoiceLinks:
    """The sockets of one agent, opened before they are needed and again when they are gone."""

    def __init__(self, egress: Egress, call: Call) -> None:
        self.egress = egress
        self.call = call
        self.playout = Playout()
        """What the agent still has to play."""
        self._links: dict[tuple[object, ...], list[VoiceLink]] = {}
        self._opening: defaultdict[tuple[object, ...], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, speaker: Speaker, wanted: SpeechFormat, *, hurried: bool = False) -> VoiceLink:
        """An open socket for `voice` on which a context may begin.

        Args:
            speaker: whose.
            wanted: format that the agent asks for.
            hurried: another voice could speak: no longer than it usually takes.

        Raises:
            ProviderError: it cannot be opened.
        """
        usual = self.egress.voices.onset(self.call.namespace, speaker.voice, "open").patience
        with upstream.told_as(speaker.account.name):
            async with asyncio.timeout(min(OPEN_TIMEOUT_S, max(LEAST_OPEN_S, usual)) if hurried else None):
                return await self._get(speaker, wanted)

    async def _get(self, speaker: Speaker, wanted: SpeechFormat) -> VoiceLink:
        key = (speaker.account.model_dump_json(), speaker.voice.model_dump_json(), wanted.sample_rate)
        async with self._opening[key]:
            known = self._links[key] = [link for link in self._links.get(key, []) if link.open]
            link = next((link for link in known if link.free), None)
            if link is None:
                link = await self.open(speaker, wanted)
                known.append(link)
            return link

    async def warm(self, wanted: SpeechFormat) -> None:
        """Open the first voices' sockets, so that neither the first word nor a failover waits for a handshake."""
        order = self.egress.voices.order(self.call, self.call.snapshot().voices, asyncio.get_running_loop().time())
        await asyncio.gather(*(self._warm(voice, wanted) for voice in order[:WARM]))

    async def _warm(self, voice: Voice, wanted: SpeechFormat) -> None:
        with contextlib.suppress(ProviderError):
            speaker = Speaker(voice, account_of(self.call.snapshot(), voice.account))
            if on_socket(speaker.codec()):
                await self.get(speaker, wanted)

    async def drop(self, link: VoiceLink) -> None:
        """Close a socket that is not to be trusted any more."""
        for known in self._links.values():
            if link in known:
                known.remove(link)
        await link.close()

    async def close(self) -> None:
        """Close them all."""
        await asyncio.gather(*(link.close() for links in self._links.values() for link in links))

    async def open(self, speaker: Speaker, wanted: SpeechFormat) -> VoiceLink:
        """A socket of one's own.

        Raises:
            ProviderError: it cannot be opened.
        """
        codec, account = speaker.codec(), speaker.account
        if not on_socket(codec):
            raise ProviderRefused(account.name, "has no socket")
        audio = codec.makes(SpeechFormat("pcm_s16le", wanted.sample_rate))
        with upstream.told_as(account.name):
            request = codec.open(audio, self.egress.key(self.call, account))
            began, memory = asyncio.get_running_loop().time(), self.egress.voices
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                link = VoiceLink(await upstream.open_socket(self.egress.session, request), codec, audio)
                await link.send(codec.greet())
            memory.began(self.call.namespace, speaker.voice, asyncio.get_running_loop().time() - began, "open")
        return link
