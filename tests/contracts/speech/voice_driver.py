"""Our voice codecs on real connections, without the facade: what comes of a text."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp

from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.codec import Frame
from understudy.domain.speech.voice_codec import Audio, Done, HttpVoiceCodec, Refused, SocketVoiceCodec, VoiceEvent


class Line:
    """One socket of a codec, and what came of each context."""

    def __init__(self, codec: SocketVoiceCodec, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.codec = codec
        self.socket = socket
        self.events: list[tuple[str, VoiceEvent]] = []

    async def send(self, frames: list[Frame]) -> None:
        for frame in frames:
            await (self.socket.send_bytes(frame) if isinstance(frame, bytes) else self.socket.send_str(frame))

    async def say(self, context_id: str, text: str) -> None:
        """A whole text."""
        await self.send(self.codec.speak(context_id, text, first=True, last=True))

    async def read(self, context_id: str, kind: type[VoiceEvent] = Done, seconds: float = 10.0) -> None:
        """Take in what comes until the context has an event of that kind, or the socket closes."""
        async with asyncio.timeout(seconds):
            async for message in self.socket:
                events = self.codec.receive(message.data)
                self.events += events
                if any(name in (context_id, "") and isinstance(event, kind | Refused) for name, event in events):
                    return

    def of(self, context_id: str) -> list[VoiceEvent]:
        return [event for name, event in self.events if name == context_id]

    def sound(self, context_id: str) -> bytes:
        return b"".join(event.data for event in self.of(context_id) if isinstance(event, Audio))


@contextlib.asynccontextmanager
async def line(codec: SocketVoiceCodec, wanted: SpeechFormat, key: str) -> AsyncIterator[Line]:
    """An open socket, greeted.

    Raises:
        aiohttp.WSServerHandshakeError: the provider refused, with the status.
    """
    connect = codec.open(codec.makes(wanted), key)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(connect.url, headers=connect.headers) as socket,
    ):
        opened = Line(codec, socket)
        await opened.send(codec.greet())
        yield opened


async def said_over_http(codec: HttpVoiceCodec, text: str, wanted: SpeechFormat, key: str) -> bytes:
    """The sound of one request.

    Raises:
        aiohttp.ClientResponseError: the provider refused, with the status.
    """
    post = codec.request(text, codec.makes(wanted), key)
    headers = {"Content-Type": "application/json", **post.headers}
    sound = b""
    async with aiohttp.ClientSession() as session, session.post(post.url, data=post.body, headers=headers) as answer:
        answer.raise_for_status()
        async for data in answer.content.iter_any():
            sound += b"".join(event.data for event in codec.receive(data) if isinstance(event, Audio))
    return sound
