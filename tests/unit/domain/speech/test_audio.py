"""Audio between what voices make and what agents ask for."""

import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.speech.audio import Converter, SpeechFormat, wav_header

EVERY_SAMPLE = np.arange(-32768, 32768, dtype="<i2")


def decode_mulaw(code: int) -> int:
    """One code of G.711 µ-law as a 14-bit sample, from the standard's table."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 1) + 33 << ((code >> 4) & 7)) - 33
    return -magnitude if code & 0x80 else magnitude


def decode_alaw(code: int) -> int:
    """One code of G.711 A-law as a 13-bit sample, from the standard's table."""
    code ^= 0x55
    segment, step = (code >> 4) & 7, ((code & 0x0F) << 1) + 1
    magnitude = step if segment == 0 else (step + 32) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


@pytest.mark.parametrize(
    ("encoding", "decode", "scale"), [("pcm_mulaw", decode_mulaw, 4), ("pcm_alaw", decode_alaw, 8)]
)
def test_companding_takes_the_nearest_level(encoding: str, decode: Callable[[int], int], scale: int) -> None:
    """Every sample comes back within half a step of its segment (1/32 of it at most) and what truncation adds."""
    codes = Converter(8000, SpeechFormat(encoding, 8000)).convert(EVERY_SAMPLE.tobytes())
    back = np.array([decode(code) for code in codes]) * scale
    error = np.abs(back - EVERY_SAMPLE.astype(int))
    clipped = np.abs(EVERY_SAMPLE.astype(int)) > 32_000
    assert np.all(error[~clipped] <= np.maximum(np.abs(EVERY_SAMPLE[~clipped].astype(int)) / 24 + 8, 16))


@given(st.lists(st.integers(1, 500), max_size=30))
def test_reads_may_end_within_a_sample(sizes: list[int]) -> None:
    converter = Converter(24_000, SpeechFormat("pcm_s16le", 24_000))
    data, out = EVERY_SAMPLE.tobytes(), b""
    for size in sizes:
        out, data = out + converter.convert(data[:size]), data[size:]
    assert out + converter.convert(data) == EVERY_SAMPLE.tobytes()


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
def test_resampling_keeps_length_and_level(rate: int) -> None:
    converter = Converter(24_000, SpeechFormat("pcm_s16le", rate))
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000)).astype("<i2")
    pieces = [converter.convert(piece.tobytes()) for piece in np.array_split(tone, 50)]
    out = np.frombuffer(b"".join(pieces) + converter.convert(b"", last=True), dtype="<i2")
    assert len(out) == pytest.approx(rate, abs=rate / 500)
    assert np.sqrt(np.mean(out.astype(float) ** 2)) == pytest.approx(8000 / np.sqrt(2), rel=0.02)


def test_float_samples() -> None:
    out = Converter(8000, SpeechFormat("pcm_f32le", 8000)).convert(struct.pack("<2h", -32768, 16384))
    assert struct.unpack("<2f", out) == (-1.0, 0.5)


def test_seconds() -> None:
    assert SpeechFormat("pcm_mulaw", 8000).seconds(4000) == 0.5


def test_wav_header_is_44_bytes_and_names_the_rate() -> None:
    header = wav_header(24_000)
    assert len(header) == 44
    assert struct.unpack("<I", header[24:28]) == (24_000,)
