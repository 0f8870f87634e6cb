"""Text to sound for a deployment, and the times of its words."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from understudy.apps.simulator.audio import pcm
from understudy.apps.simulator.audio.espeak import Speech
from understudy.apps.simulator.script import Synthesiser, VoiceSettings
from understudy.apps.simulator.voice import watermark

VOICES = ("en-us+f2", "en-us+m3", "en-us+f4", "en-us+john", "en-us+klatt2", "en-gb+f3")
"""espeak-ng voices that voice ids are spread over, unless the script names one."""

TONE_S_PER_CHARACTER = 0.06
"""Length of the tone that stands for speech: about 170 words a minute."""


@dataclass(frozen=True)
class WordTimes:
    """Words with their starts and ends in seconds; the lists are of one length."""

    words: list[str]
    start: list[float]
    end: list[float]


class Sounds:
    """Makes sound of text.

    Args:
        speech: the shared synthesiser and its cache.
    """

    def __init__(self, speech: Speech) -> None:
        self._speech = speech

    async def make(
        self, text: str, voice_id: str, settings: VoiceSettings, rate: int, *, speed: float = 1.0, gain: float = 1.0
    ) -> bytes:
        """PCM of `text` at `rate`; empty when there is nothing to say.

        Args:
            text: what to say.
            voice_id: the provider's.
            settings: of the deployment.
            rate: samples a second.
            speed: what the request asks for, 1: the voice's own.
            gain: the loudness that the request asks for, as a factor.
        """
        if not any(character.isalnum() for character in text):
            return b""
        if settings.synth is Synthesiser.WATERMARK:
            return watermark.speech(text, rate, settings.words_per_minute * speed, settings.level_db, gain)
        if settings.synth is Synthesiser.TONE:
            return pcm.tone(len(text) * TONE_S_PER_CHARACTER, rate)
        voice = settings.voices.get(voice_id) or spread(voice_id)
        sound = await self._speech.speak(text, voice, round(settings.words_per_minute * speed), rate)
        return sound if gain == 1.0 else pcm.to_pcm(pcm.samples(sound) * np.float32(gain))


def spread(voice_id: str) -> str:
    """The espeak-ng voice that stands for a voice id: always the same one."""
    return VOICES[hashlib.sha256(voice_id.encode()).digest()[0] % len(VOICES)]


def chunks(sound: bytes, rate: int, chunk_ms: int) -> Iterator[bytes]:
    """`sound` in pieces of `chunk_ms`, the last one shorter."""
    step = rate * chunk_ms // 1000 * pcm.BYTES_PER_SAMPLE
    return (sound[at : at + step] for at in range(0, len(sound), step))


def word_times(text: str, seconds: float, offset: float) -> WordTimes:
    """When each word is spoken, by its share of the letters, from `offset` on."""
    words = text.split()
    total = sum(len(word) + 1 for word in words)
    starts, ends, passed = [], [], 0
    for word in words:
        starts.append(round(offset + seconds * passed / total, 3))
        passed += len(word) + 1
        ends.append(round(offset + seconds * passed / total, 3))
    return WordTimes(words, starts, ends)
