"""Into the model's context goes what the caller has heard, and nothing more: word by word, when it has been played.

The library puts words into the context by the times that the voice announced. It does not know of the carrier's delay,
of gaps, or of a voice that failed, and at the end of an utterance it adds words that were never spoken. So its words
are dropped. The proxy reports each word behind its audio; here the word travels through the pipeline behind it as a
frame, and is let into the context when the carrier has played what was sent before.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import (
    AggregatedTextProgressFrame,
    CancelFrame,
    DataFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMAssistantPushAggregationFrame,
    LLMFullResponseEndFrame,
    OutputAudioRawFrame,
    SystemFrame,
    TextFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.utils.text.base_text_aggregator import TextType

from understudy.apps.agent.playback import Playback
from understudy.base.clock import Clock

LOOK_S = 0.02
"""Seconds between looks at what was played, while words wait: half a message of audio."""


@dataclass
class WordFrame(DataFrame):
    """A word of the assistant's, behind its audio.

    Attributes:
        text: the word with its punctuation.
    """

    text: str = ""


class ProxyVoice(CartesiaTTSService):
    """Cartesia's protocol; each reported word travels behind its audio."""

    async def add_word_timestamps(
        self, word_times: list[tuple[str, float]], context_id: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Words of which the audio has come."""
        if context_id and self.audio_context_available(context_id):
            for word, _ in word_times:
                await self.append_to_audio_context(context_id, WordFrame(text=word))
        await super().add_word_timestamps(word_times, context_id, *args, **kwargs)

    async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        """Pass a frame on, but the library's words; the end of an answer goes behind its audio, not by the clock."""
        if isinstance(frame, TTSTextFrame | AggregatedTextProgressFrame):
            return
        if isinstance(frame, LLMFullResponseEndFrame | LLMAssistantPushAggregationFrame):
            frame.pts = None
        await super().push_frame(frame, direction)


class Spoken(FrameProcessor):
    """Behind the transport's output: holds words back until they were played. An interruption drops the others.

    Args:
        playback: what the caller has heard.
        clock: the one that `playback` is told.
    """

    def __init__(self, playback: Playback, clock: Clock) -> None:
        super().__init__()
        self._playback, self._clock = playback, clock
        self._held: deque[tuple[float, Frame]] = deque()
        """Frames in order, each with the seconds of sent audio that have to be played before."""
        self._release: asyncio.Task[None] | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Let a frame pass, or hold it."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame | CancelFrame):
            self._held.clear()
        if isinstance(frame, EndFrame):
            await self._let_go(all_of_it=True)
        if direction is FrameDirection.UPSTREAM or isinstance(frame, SystemFrame | OutputAudioRawFrame | EndFrame):
            await self.push_frame(frame, direction)
        elif isinstance(frame, WordFrame):
            self._hold(_as_text(frame))
        elif self._held:
            self._hold(frame)
        else:
            await self.push_frame(frame, direction)

    async def cleanup(self) -> None:
        """The call is over."""
        await super().cleanup()  # type: ignore[no-untyped-call]
        self._held.clear()
        if self._release:
            await self.cancel_task(self._release)
            self._release = None

    def _hold(self, frame: Frame) -> None:
        self._held.append((self._playback.sent, frame))
        if self._release is None:
            self._release = self.create_task(self._releasing())

    async def _releasing(self) -> None:
        while self._held:
            await asyncio.sleep(LOOK_S)
            await self._let_go()
        self._release = None

    async def _let_go(self, *, all_of_it: bool = False) -> None:
        played = self._playback.played(self._clock.monotonic())
        while self._held and (all_of_it or self._held[0][0] <= played + LOOK_S / 2):
            await self.push_frame(self._held.popleft()[1])


def _as_text(word: WordFrame) -> TextFrame:
    return TTSTextFrame(word.text, TextType.WORD)
