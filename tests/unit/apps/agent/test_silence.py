"""Silence by level."""

import numpy as np
import pytest

from understudy.apps.agent.silence import SilenceMeter

RATE = 8000


def noise(milliseconds: int, level: float) -> bytes:
    """White noise with an RMS of `level`, seeded."""
    samples = np.random.default_rng(1).normal(0, level, RATE * milliseconds // 1000)
    return samples.clip(-32768, 32767).astype(np.int16).tobytes()


def measured(*parts: bytes) -> float:
    meter = SilenceMeter(RATE)
    for part in parts:
        meter.add(part)
    return meter.seconds


@pytest.mark.parametrize(
    ("parts", "seconds"),
    [
        ([noise(500, 3000)], 0.0),
        ([noise(500, 3000), noise(180, 0)], 0.18),
        ([noise(500, 3000), noise(180, 50)], 0.18),
        ([noise(500, 3000), noise(180, 600)], 0.0),
        ([noise(500, 3000), noise(180, 0), noise(10, 3000)], 0.0),
        ([noise(500, 100), noise(180, 0)], 0.18),
        ([noise(200, 20)], 0.2),
    ],
    ids=["speech", "digital silence", "line noise", "a noisy line", "speech again", "a quiet caller", "never loud"],
)
def test_silence_is_counted_from_the_last_sound(parts: list[bytes], seconds: float) -> None:
    """Relative to how loud the caller is, so that quiet callers are heard and noisy lines are left to the model."""
    assert measured(*parts) == pytest.approx(seconds)


def test_frames_of_any_length_measure_the_same() -> None:
    """A carrier may batch; steps do not depend on where frames end."""
    audio = noise(500, 3000) + noise(180, 0)
    odd = [audio[start : start + 74] for start in range(0, len(audio), 74)]
    assert measured(*odd) == pytest.approx(measured(audio))


def test_a_shout_is_forgotten_within_seconds() -> None:
    """Speech 30 dB below a shout counts as silence right after it, and as speech two seconds later."""
    assert measured(noise(200, 20_000), noise(200, 600)) > 0
    assert measured(noise(200, 20_000), noise(2500, 600)) == 0
