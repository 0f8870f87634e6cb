"""The agent's audio as numbers: its power, and its conversion to what a provider takes."""

from collections.abc import Callable

import numpy as np
import soxr

from understudy.domain.speech.audio import Converter, SpeechFormat
from understudy.domain.speech.codec import AudioFormat

Samples = np.ndarray[tuple[int, ...], np.dtype[np.int16]]

QUALITY = "LQ"
"""soxr's recipe: exact to 16 bits with a roll-off above the telephone's band; holds 30 ms back, where finer ones hold
70 ms or more of every interim."""

FULL_SCALE = 32768.0
"""What a sample is divided by to be from -1 to 1."""

_SPEECH_NAMES = {"linear16": "pcm_s16le", "linear32": "pcm_f32le", "mulaw": "pcm_mulaw", "alaw": "pcm_alaw"}


def _mulaw_table() -> Samples:
    """ITU-T G.711: sample of each μ-law code."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, (code & 0x0F).astype(np.int32)
    magnitude = ((mantissa << 3) + 132 << exponent.astype(np.int32)) - 132
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_table() -> Samples:
    """ITU-T G.711: sample of each A-law code."""
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 0x0F
    straight = (mantissa << 4) + 8
    magnitude = np.where(exponent == 0, straight, (straight + 0x100) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


_TABLES = {"mulaw": _mulaw_table(), "alaw": _alaw_table()}


def _samples_of(audio: AudioFormat) -> Callable[[bytes], Samples]:
    """What reads `audio` as 16-bit samples, channels interleaved."""
    if audio.encoding in _TABLES:
        table = _TABLES[audio.encoding]
        return lambda data: np.asarray(table[np.frombuffer(data, dtype=np.uint8)])
    if audio.encoding == "linear32":  # floating point, as in Deepgram's documentation
        return lambda data: np.clip(np.frombuffer(data, dtype="<f4") * FULL_SCALE, -32768, 32767).astype(np.int16)
    return lambda data: np.frombuffer(data, dtype="<i2")


class Power:
    """How loud pieces of audio are."""

    def __init__(self, audio: AudioFormat) -> None:
        self._samples = _samples_of(audio)

    def of(self, data: bytes) -> float:
        """Mean square, 1 being full scale; whole samples."""
        values = self._samples(data).astype(np.float32)
        return float(np.dot(values, values)) / (len(values) * FULL_SCALE * FULL_SCALE)


class Encoder:
    """One format → another, as a stream; whole samples. What goes out begins at the time of what came in.

    Attributes:
        same: nothing has to be done.
    """

    def __init__(self, agent: AudioFormat, provider: AudioFormat) -> None:
        self.same = agent == provider
        self._rates = (agent.sample_rate, provider.sample_rate)
        self._channels = agent.channels
        self._samples = _samples_of(agent)
        self._write = Converter(
            provider.sample_rate, SpeechFormat(_SPEECH_NAMES[provider.encoding], provider.sample_rate)
        )
        self._stream = self._resampler()

    def encode(self, data: bytes, *, last: bool = False) -> bytes:
        """The next piece; `last` lets out what the filter holds back, and the next piece begins a new stream."""
        if self.same:
            return data
        samples = self._samples(data)
        if self._channels > 1:
            samples = samples.reshape(-1, self._channels).mean(axis=1).astype(np.int16)
        if self._stream is not None:
            samples = np.asarray(self._stream.resample_chunk(samples, last=last))
            if last:
                self._stream = self._resampler()
        return self._write.convert(samples.astype("<i2").tobytes())

    def _resampler(self) -> soxr.ResampleStream | None:
        if self._rates[0] == self._rates[1]:
            return None
        return soxr.ResampleStream(*self._rates, 1, dtype="int16", quality=QUALITY)
