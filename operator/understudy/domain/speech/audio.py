"""Audio between what voices make and what agents ask for. Mono throughout."""

from dataclasses import dataclass

import numpy as np
import soxr

_WIDTH = {"pcm_s16le": 2, "pcm_f32le": 4, "pcm_mulaw": 1, "pcm_alaw": 1}
"""Bytes a sample, by Cartesia's names of encodings."""

_MULAW_BIAS = 33
_MULAW_CLIP = 8158
"""ITU-T G.711, for samples of 14 bits."""


@dataclass(frozen=True, slots=True)
class SpeechFormat:
    """Raw audio that an agent asks for, in Cartesia's words."""

    encoding: str = "pcm_s16le"
    sample_rate: int = 24_000

    def __post_init__(self) -> None:
        """Refuse what cannot be produced."""
        if self.encoding not in _WIDTH:
            raise ValueError(f"encoding {self.encoding!r} is not supported: ask for {', '.join(_WIDTH)}")
        if not 8000 <= self.sample_rate <= 48_000:  # noqa: PLR2004 - Hz
            raise ValueError("sample_rate must be between 8000 and 48000")

    def seconds(self, size: int) -> float:
        """How long `size` bytes sound."""
        return size / (_WIDTH[self.encoding] * self.sample_rate)


class Converter:
    """16-bit little-endian PCM of one rate → `SpeechFormat`, as a stream; reads may end within a sample.

    Args:
        rate: of what comes in, Hz.
        target: what goes out.
    """

    def __init__(self, rate: int, target: SpeechFormat) -> None:
        self._target = target
        self._odd = b""
        same = rate == target.sample_rate
        # MQ: its filter delays by some milliseconds only, and telephone bands hide the rest.
        self._stream = None if same else soxr.ResampleStream(rate, target.sample_rate, 1, dtype="int16", quality="MQ")

    def convert(self, data: bytes, *, last: bool = False) -> bytes:
        """The next piece; `last` lets out what the filter still holds."""
        data = self._odd + data
        whole = len(data) - len(data) % 2
        self._odd = data[whole:]
        samples = np.frombuffer(data[:whole], dtype="<i2")
        if self._stream is not None:
            samples = self._stream.resample_chunk(samples, last=last)
        return _encode(samples, self._target.encoding)


def _encode(samples: "np.ndarray[tuple[int, ...], np.dtype[np.int16]]", encoding: str) -> bytes:
    if encoding == "pcm_f32le":
        return (samples.astype("<f4") / 32768.0).tobytes()
    if encoding == "pcm_mulaw":
        return _mulaw(samples)
    if encoding == "pcm_alaw":
        return _alaw(samples)
    return samples.astype("<i2").tobytes()


def _mulaw(samples: "np.ndarray[tuple[int, ...], np.dtype[np.int16]]") -> bytes:
    wide = samples.astype(np.int32) >> 2
    sign = np.where(wide < 0, 0x00, 0x80)
    magnitude = np.minimum(np.abs(wide), _MULAW_CLIP) + _MULAW_BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 5
    mantissa = (magnitude >> (exponent + 1)) & 0x0F
    code = (~((exponent << 4) | mantissa)) & 0x7F
    return bytes((sign | code).astype(np.uint8).tobytes())


def _alaw(samples: "np.ndarray[tuple[int, ...], np.dtype[np.int16]]") -> bytes:
    wide = samples.astype(np.int32) >> 3
    sign = np.where(wide < 0, 0x00, 0x80)
    magnitude = np.where(wide < 0, -wide - 1, wide)
    # The first two segments are one straight line: both have the step of the second.
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4, 0)
    mantissa = (magnitude >> np.maximum(exponent, 1)) & 0x0F
    return bytes(((sign | (exponent << 4) | mantissa) ^ 0x55).astype(np.uint8).tobytes())


class Linear:
    """What a voice makes → 16-bit PCM of the same rate; reads may end within a sample."""

    def __init__(self, audio: SpeechFormat) -> None:
        self._encoding = audio.encoding
        self._odd = b""

    def convert(self, data: bytes) -> bytes:
        """The next audio."""
        if self._encoding == "pcm_mulaw":
            return _MULAW[np.frombuffer(data, dtype=np.uint8)].tobytes()
        if self._encoding == "pcm_alaw":
            return _ALAW[np.frombuffer(data, dtype=np.uint8)].tobytes()
        if self._encoding == "pcm_s16le":
            return data
        data = self._odd + data
        whole = len(data) - len(data) % 4
        self._odd = data[whole:]
        floats = np.frombuffer(data[:whole], dtype="<f4")
        return np.clip(np.rint(floats * 32768.0), -32768, 32767).astype("<i2").tobytes()


def _mulaw_table() -> "np.ndarray[tuple[int, ...], np.dtype[np.int16]]":
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 1) + _MULAW_BIAS) << ((code >> 4) & 7)) - _MULAW_BIAS
    return np.asarray(np.where(code & 0x80, -magnitude, magnitude) * 4, dtype="<i2")


def _alaw_table() -> "np.ndarray[tuple[int, ...], np.dtype[np.int16]]":
    code = np.arange(256, dtype=np.int32) ^ 0x55
    segment, step = (code >> 4) & 7, ((code & 0x0F) << 1) + 1
    magnitude = np.where(segment == 0, step, (step + 32) << np.maximum(segment - 1, 0))
    return np.asarray(np.where(code & 0x80, magnitude, -magnitude) * 8, dtype="<i2")


_MULAW = _mulaw_table()
_ALAW = _alaw_table()


def wav_header(rate: int) -> bytes:
    """Header of a WAV file of 16-bit mono PCM whose length is not known yet, as streaming players take it."""
    unknown = (0xFFFFFFFF).to_bytes(4, "little")
    layout = (16).to_bytes(4, "little") + (1).to_bytes(2, "little") + (1).to_bytes(2, "little")
    speed = rate.to_bytes(4, "little") + (rate * 2).to_bytes(4, "little")
    blocks = (2).to_bytes(2, "little") + (16).to_bytes(2, "little")
    return b"RIFF" + unknown + b"WAVEfmt " + layout + speed + blocks + b"data" + unknown
