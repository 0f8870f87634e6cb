"""One audio stream becoming results: utterances found by loudness, recognised while they are spoken."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from understudy.apps.simulator.audio import pcm
from understudy.apps.simulator.audio.segmenter import FRAME_MS, Segmenter
from understudy.apps.simulator.script import TranscriberSettings
from understudy.apps.simulator.transcriber.ears import Recognised
from understudy.apps.simulator.transcriber.recogniser import Listener

PREROLL_FRAMES = 15
"""Kept from before speech was noticed: a soft first consonant is under the threshold for up to 300 ms."""

BATCH_FRAMES = 5
"""Frames decoded at once: 100 ms keeps what is left to decode at the end of speech under 5 ms of work."""


@dataclass(frozen=True)
class Result:
    """What was heard from `start` on for `duration`, in seconds of the stream."""

    recognised: Recognised
    start: float
    duration: float
    final: bool
    started: bool = False
    """Speech has just begun: no text yet."""


class Hearing:
    """Feeds on PCM; yields results.

    Args:
        listener: recognises the utterances.
        settings: when an utterance ends, how often an interim result is due.
        rate: samples a second.
        endpointing_ms: silence that ends an utterance.
    """

    def __init__(self, listener: Listener, settings: TranscriberSettings, rate: int, endpointing_ms: int) -> None:
        self._listener = listener
        self._settings = settings
        self._rate = rate
        self._endpointing_ms = endpointing_ms
        self._frame_bytes = rate * FRAME_MS // 1000 * pcm.BYTES_PER_SAMPLE
        self._rest = b""
        self._segmenter = Segmenter()
        self._preroll: deque[bytes] = deque(maxlen=PREROLL_FRAMES)
        self._batch: list[bytes] = []
        self._frames = 0
        self._start_frame = 0
        self._interim_frame = 0

    @property
    def seconds(self) -> float:
        """Length of the stream so far."""
        return self._frames * FRAME_MS / 1000

    def wait(self, endpointing_ms: int) -> None:
        """End utterances after so much silence from now on."""
        self._endpointing_ms = endpointing_ms

    async def feed(self, sound: bytes) -> AsyncIterator[Result]:
        """Take in PCM of any length."""
        self._rest += sound
        while len(self._rest) >= self._frame_bytes:
            frame, self._rest = self._rest[: self._frame_bytes], self._rest[self._frame_bytes :]
            result = await self._frame(frame)
            if result:
                yield result

    async def finish(self) -> Result:
        """End the utterance now; the text may be empty."""
        if not self._segmenter.speaking:
            return Result(Recognised(), self.seconds, 0.0, final=True)
        await self._decode()
        self._segmenter.end()
        self._preroll.clear()
        return self._result(await self._listener.end(), final=True)

    async def _frame(self, frame: bytes) -> Result | None:
        self._frames += 1
        started = self._segmenter.feed(loud=pcm.is_audible(frame))
        if not self._segmenter.speaking:
            self._preroll.append(frame)
            return None
        if started:
            self._batch = [*self._preroll, frame]
            self._start_frame = self._interim_frame = self._frames - len(self._batch)
            return Result(Recognised(), self.seconds, 0.0, final=False, started=True)
        self._batch.append(frame)
        if self._segmenter.silence_ms >= self._endpointing_ms:
            return await self.finish()
        return await self._interim() if len(self._batch) >= BATCH_FRAMES else None

    async def _interim(self) -> Result | None:
        text = await self._decode()
        due = (self._frames - self._interim_frame) * FRAME_MS >= self._settings.interim_ms
        if not text or not due:
            return None
        self._interim_frame = self._frames
        return self._result(Recognised(text, confidence=0.5), final=False)

    async def _decode(self) -> str:
        sound, self._batch = b"".join(self._batch), []
        return await self._listener.hear(sound, self._rate) if sound else ""

    def _result(self, recognised: Recognised, *, final: bool) -> Result:
        start = self._start_frame * FRAME_MS / 1000
        return Result(recognised, start, self.seconds - start, final)
