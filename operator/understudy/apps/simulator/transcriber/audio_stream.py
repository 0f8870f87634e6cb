"""One connection's audio on its way to the recogniser, whatever the provider's protocol around it is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

from aiohttp import WSMessage, WSMsgType, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.audio import alaw, mulaw, pcm
from understudy.apps.simulator.deployment import Exchange
from understudy.apps.simulator.streaming import Trouble
from understudy.apps.simulator.transcriber.ears import Word
from understudy.apps.simulator.transcriber.hearing import Hearing, Result
from understudy.apps.simulator.transcriber.recogniser import RecogniserPool

ABNORMAL_CLOSE = 1006
"""RFC 6455: the connection ended without a close message."""

_DECODERS: dict[str, Callable[[bytes], bytes]] = {"mulaw": mulaw.decode, "alaw": alaw.decode, "linear16": bytes}


@dataclass(frozen=True)
class Sound:
    """What a client sends: mono."""

    encoding: str
    """linear16, mulaw or alaw."""
    rate: int

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample."""
        return pcm.BYTES_PER_SAMPLE if self.encoding == "linear16" else 1

    def seconds(self, data: bytes) -> float:
        """How long `data` sounds."""
        return len(data) / self.sample_bytes / self.rate


class AudioStream:
    """Decodes, lets the script strike, recognises.

    Args:
        exchange: what the script has for this connection.
        pool: recognises.
        sound: what the client sends.
        endpointing_ms: silence that ends an utterance, where the client asked for one.
    """

    def __init__(
        self, exchange: Exchange, pool: RecogniserPool, sound: Sound, endpointing_ms: float | None = None
    ) -> None:
        settings = exchange.settings.transcriber
        self._latency_ms = settings.latency_ms
        self._sound = sound
        asked_ms = settings.endpointing_ms if endpointing_ms is None else round(endpointing_ms)
        self._hearing = Hearing(pool.listener(settings), settings, sound.rate, asked_ms)

    @property
    def seconds(self) -> float:
        """Length of the audio so far."""
        return self._hearing.seconds

    def wait(self, endpointing_ms: float) -> None:
        """End utterances after so much silence from now on."""
        self._hearing.wait(round(endpointing_ms))

    async def feed(self, data: bytes, trouble: Trouble) -> AsyncIterator[Result]:
        """Take in the client's audio; finals come after the latency of the script.

        Raises:
            ConnectionResetError: the connection broke, by the script.
        """
        heard = await trouble.hear(_DECODERS[self._sound.encoding](data), self._sound.rate)
        async for result in self._hearing.feed(heard):
            if result.final:
                await faults.pause(self._latency_ms)
            yield result

    async def finish(self) -> Result:
        """End the utterance now; the text may be empty."""
        result = await self._hearing.finish()
        await faults.pause(self._latency_ms)
        return result

    async def close(self) -> None:
        """Nobody listens any more."""
        await self._hearing.finish()


def words(result: Result) -> list[Word]:
    """The words of a result, in seconds of the stream; those of a guess are spread over its time."""
    heard = result.recognised.words
    if heard:
        return [replace(word, start=result.start + word.start, end=result.start + word.end) for word in heard]
    texts = result.recognised.text.split()
    step = result.duration / max(len(texts), 1)
    return [Word(text, result.start + step * at, result.start + step * (at + 1)) for at, text in enumerate(texts)]


async def served(socket: web.WebSocketResponse, trouble: Trouble, take: Callable[[WSMessage], Awaitable[None]]) -> None:
    """Give `take` every message until the socket closes; text is not heard where the script made the provider deaf.

    Raises:
        ConnectionResetError: the client vanished without closing.
    """
    async for message in socket:
        if message.type is WSMsgType.BINARY or not trouble.deaf:
            await take(message)
    if socket.close_code is None or socket.close_code == ABNORMAL_CLOSE:
        raise ConnectionResetError("the client vanished")
