import math

import pytest

from understudy.domain.calls.loudness import AUDIBLE, SILENCE, level


def mulaw(sample: int) -> int:
    """G.711, by its definition: sign, segment, mantissa, complemented."""
    magnitude = min(abs(sample), 32635) + 132
    segment = magnitude.bit_length() - 8
    code = (0x80 if sample < 0 else 0) | segment << 4 | (magnitude >> segment + 3) & 0x0F
    return ~code & 0xFF


def tone(dbfs: float) -> bytes:
    """20 ms of a 300 Hz sine of this RMS level against full scale."""
    peak = 32768 * 10 ** (dbfs / 20) * math.sqrt(2)
    return bytes(mulaw(round(peak * math.sin(2 * math.pi * 300 * n / 8000))) for n in range(160))


@pytest.mark.parametrize(
    ("frame", "audible"),
    [
        (SILENCE * 160, False),
        (b"\x7f" * 160, False),
        (b"", False),
        (tone(-60), False),
        (tone(-50), False),
        (tone(-40), True),
        (tone(-20), True),
        (SILENCE * 159 + b"\x80", False),
    ],
    ids=["silence", "minus zero", "nothing", "-60 dB", "-50 dB", "-40 dB", "-20 dB", "one click"],
)
def test_speech_is_told_from_line_noise(frame: bytes, audible: bool) -> None:  # noqa: FBT001
    assert (level(frame) >= AUDIBLE) is audible


def test_louder_is_more() -> None:
    levels = [level(tone(dbfs)) for dbfs in range(-60, -5, 5)]
    assert levels == sorted(levels)
    assert level(b"\x80" * 160) == 127
