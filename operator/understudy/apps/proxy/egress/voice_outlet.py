"""Hands a voice's speech to the agent: at the loudness of the first voice, in the agent's format, word by word."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import numpy as np

from understudy.apps.proxy.egress.parts import AgentGone
from understudy.apps.proxy.egress.voice_memory import VoiceKey, VoiceMemory
from understudy.domain.speech.audio import Converter
from understudy.domain.speech.levels import Amplifier
from understudy.domain.speech.openai_speech import spread
from understudy.domain.speech.playout import Playout
from understudy.domain.speech.take import Piece
from understudy.domain.speech.utterance import Utterance
from understudy.domain.speech.voice_codec import Words


class Sink(Protocol):
    """Where the speech goes."""

    async def audio(self, data: bytes) -> None:
        """The next audio, in the utterance's format."""
        ...

    async def words(self, words: Words) -> None:
        """When words of it are heard; the audio up to their end was handed over before."""
        ...


class Outlet:
    """One utterance's way out, through however many voices.

    Args:
        utterance: what is said.
        sink: where it goes.
        playout: what the agent still has to play.
        began: called before the first audio.
    """

    def __init__(self, utterance: Utterance, sink: Sink, playout: Playout, began: Callable[[], None]) -> None:
        self.utterance, self._sink, self._playout = utterance, sink, playout
        self._now = asyncio.get_running_loop().time
        self._began = began

    async def send(self, data: bytes) -> None:
        """Audio in the agent's format."""
        if not data:
            return
        if not self.utterance.audio_bytes:
            self._began()
        self.utterance.audio_bytes += len(data)
        self._playout.add(self.utterance.format.seconds(len(data)), self._now())
        try:
            await self._sink.audio(data)
        except ConnectionError as error:
            raise AgentGone("the agent closed its socket") from error

    async def play(self, kept: bytes, text: str) -> None:
        """What was kept of `text`, in the agent's format."""
        start = self.utterance.seconds
        await self.send(kept)
        await self.tell(spread(text, start, self.utterance.seconds - start))

    async def tell(self, words: Words) -> None:
        """Words whose audio was sent."""
        if not self.utterance.wants_times or not words.words:
            return
        try:
            await self._sink.words(words)
        except ConnectionError as error:
            raise AgentGone("the agent closed its socket") from error


class Spout:
    """One voice's speech on its way out.

    Args:
        outlet: of the utterance.
        memory: how loud voices are.
        voice: the one that speaks.
        like: the one it has to be as loud as.
        rate: samples a second of what it makes.
    """

    def __init__(self, outlet: Outlet, memory: VoiceMemory, voice: VoiceKey, like: VoiceKey, rate: int) -> None:
        self._outlet, self._utterance, self._memory = outlet, outlet.utterance, memory
        self._voice, self._like, self._rate = voice, like, rate
        self._converter = Converter(rate, outlet.utterance.format)
        self._amplifier = Amplifier()
        self._offset = outlet.utterance.seconds
        self.gave = False
        """Whether anything left."""

    async def give(self, piece: Piece) -> None:
        """Hand over a piece: its audio, then its words."""
        if piece.audio:
            self.gave = True
            samples = np.frombuffer(piece.audio, dtype="<i2")
            self._memory.levels.learn(self._voice, samples, self._rate)
            louder = self._amplifier.apply(samples, self._memory.levels.gain(self._voice, self._like))
            await self._outlet.send(self._converter.convert(louder.astype("<i2").tobytes()))
        if piece.words:
            await self._outlet.tell(self._times(piece))

    async def close(self) -> None:
        """What the filters still hold."""
        if self.gave:
            await self._outlet.send(self._converter.convert(b"", last=True))

    def _times(self, piece: Piece) -> Words:
        text = self._utterance.text
        return Words(
            tuple(text[word.begin : word.end].strip() for word in piece.words),
            tuple(round(word.start + self._offset, 3) for word in piece.words),
            tuple(round(word.stop + self._offset, 3) for word in piece.words),
        )
