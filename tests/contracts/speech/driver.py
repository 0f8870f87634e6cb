"""A codec on a real socket: what the routing-proxy does with one, without anything that makes it survive."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp

from understudy.apps.simulator.audio import mulaw
from understudy.apps.simulator.audio.espeak import Speech
from understudy.apps.simulator.server import Simulator
from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.speech.codec import (
    AudioFormat,
    Connect,
    Event,
    Failure,
    Flushed,
    Frame,
    Ready,
    Reply,
    Result,
    TranscriberCodec,
)
from understudy.domain.speech.transcribers.registry import CODECS

KEY = "key-of-the-account"
VOICE, WORDS_PER_MINUTE = "en-us+m3", 150
PIECE_S = 0.1
"""Audio in one piece, where the provider takes any length."""


async def speech(text: str, rate: int) -> bytes:
    """`text` as PCM, by espeak."""
    return await Speech().speak(text, VOICE, WORDS_PER_MINUTE, rate)


def codec_for(provider: str, base_url: str, **fields: Any) -> TranscriberCodec:
    """The codec of a transcriber with these fields, whose account's host is `base_url`."""
    account = Account(name="a", provider=provider, base_url=base_url, default_host=False)
    return CODECS[provider](Transcriber(account="a", provider=provider, **fields), account)


class Line:
    """One connection of a codec.

    Attributes:
        events: everything the codec made of what the provider said, but `Reply`.
        audio: what is sent.
    """

    def __init__(self, codec: TranscriberCodec, socket: aiohttp.ClientWebSocketResponse, audio: AudioFormat) -> None:
        self.codec = codec
        self.socket = socket
        self.audio = audio
        self.events: list[Event] = []
        self._news = asyncio.Event()

    @property
    def results(self) -> list[Result]:
        """Transcripts, interim ones too."""
        return [event for event in self.events if isinstance(event, Result)]

    @property
    def finals(self) -> list[Result]:
        """Final transcripts."""
        return [result for result in self.results if result.final]

    @property
    def text(self) -> str:
        """All that was said, by the finals."""
        return " ".join(result.text for result in self.finals if result.text)

    def answers(self) -> int:
        """How many `finalize`s are answered."""
        return sum(isinstance(event, Flushed) for event in self.events) + sum(r.from_finalize for r in self.finals)

    async def read(self) -> None:
        """Take in what the provider says until it closes."""
        async for message in self.socket:
            for event in self.codec.receive(message.data):
                if isinstance(event, Reply):
                    await self.send(list(event.frames))
                else:
                    self.events.append(event)
            self._news.set()
        self._news.set()

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait for `condition`, which something from the provider will make true."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def send(self, frames: list[Frame]) -> None:
        """Send the codec's messages."""
        for frame in frames:
            if isinstance(frame, str):
                await self.socket.send_str(frame)
            else:
                await self.socket.send_bytes(frame)

    async def say(self, pcm: bytes, rate: float = 1.0) -> None:
        """Send PCM, `rate` times as fast as real time."""
        piece = int(max(PIECE_S, self.codec.traits.chunk_min_s) * self.audio.sample_rate) * 2
        for at in range(0, len(pcm), piece):
            part = pcm[at : at + piece]
            await self.send(self.codec.send(mulaw.encode(part) if self.audio.encoding == "mulaw" else part))
            await asyncio.sleep(len(part) / 2 / self.audio.sample_rate / rate)

    async def quiet(self, seconds: float) -> None:
        """Send silence in real time."""
        await self.say(bytes(int(seconds * self.audio.sample_rate) * 2))

    async def finalize(self) -> None:
        """Ask for a final, and wait for the answer."""
        wanted = self.answers() + 1
        await self.send(self.codec.finalize())
        await self.until(lambda: self.answers() >= wanted or self.failed())

    def failed(self) -> bool:
        """Whether the provider said that it cannot go on, or closed."""
        return self.socket.closed or any(isinstance(event, Failure) for event in self.events)


async def _connect(
    session: aiohttp.ClientSession, codec: TranscriberCodec, audio: AudioFormat, query: dict[str, str], key: str | None
) -> Connect:
    post = codec.before(audio, query, key)
    if post is not None:
        async with session.post(post.url, data=post.body, headers=post.headers) as response:
            response.raise_for_status()
            codec.answered(await response.read())
    return codec.open(audio, query, key)


@contextlib.asynccontextmanager
async def listening(
    codec: TranscriberCodec,
    agent: AudioFormat | None = None,
    *,
    key: str | None = KEY,
    query: dict[str, str] | None = None,
) -> AsyncIterator[Line]:
    """An open connection, ready for audio.

    Raises:
        aiohttp.ClientResponseError: the provider refused, with the status.
    """
    audio = codec.takes(agent or AudioFormat())
    async with aiohttp.ClientSession() as session:
        connect = await _connect(session, codec, audio, query or {"interim_results": "true"}, key)
        async with session.ws_connect(connect.url, headers=connect.headers, protocols=connect.subprotocols) as socket:
            line = Line(codec, socket, audio)
            reading = asyncio.create_task(line.read())
            try:
                await line.send(codec.greet())
                if codec.traits.waits_for_ready:
                    await line.until(lambda: line.failed() or any(isinstance(e, Ready) for e in line.events))
                yield line
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)


def asked(simulator: Simulator) -> dict[str, Any]:
    """What the latest stream asked for."""
    deployment = simulator.deployments.find("acme")
    assert deployment is not None
    return deployment.asked[-1]
