"""How loud voices are, and making one as loud as another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.speech.levels import MOST_GAIN, Amplifier, Levels, Samples, audible_span, speech_level

RATE = 8000
LOUD, SOFT = ("loud",), ("soft",)


def speech(rms: float, seconds: float = 0.5) -> Samples:
    at = np.arange(int(seconds * RATE)) / RATE
    return np.asarray(rms * np.sqrt(2) * np.sin(2 * np.pi * 300 * at), dtype=np.int16)


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), dtype=np.int16)


def test_pauses_do_not_count_for_the_level() -> None:
    level, seconds = speech_level(np.concatenate([speech(3000), silence(2.0), speech(3000)]), RATE)
    assert level == pytest.approx(3000, rel=0.02)
    assert seconds == pytest.approx(1.0, abs=0.03)


def test_the_span_of_sound() -> None:
    assert audible_span(np.concatenate([silence(0.2), speech(500), silence(0.3)]), RATE) == pytest.approx((0.2, 0.7))
    assert audible_span(silence(1.0), RATE) is None
    assert audible_span(silence(0.0), RATE) is None


def test_a_voice_is_made_as_loud_as_the_other() -> None:
    levels, amplifier = Levels(), Amplifier()
    levels.learn(LOUD, speech(4000), RATE)
    levels.learn(SOFT, speech(1500), RATE)
    out = amplifier.apply(speech(1500), levels.gain(SOFT, LOUD))
    assert speech_level(out, RATE)[0] == pytest.approx(4000, rel=0.03)
    assert levels.gain(LOUD, LOUD) == 1.0


def test_what_is_not_known_is_left_alone() -> None:
    levels = Levels()
    levels.learn(SOFT, silence(1.0), RATE)
    assert levels.of(SOFT) is None
    assert levels.gain(SOFT, LOUD) == 1.0


@given(st.floats(100, 20_000), st.floats(100, 20_000))
def test_gain_is_bounded_and_nothing_is_clipped(own: float, wanted: float) -> None:
    levels = Levels()
    levels.learn(SOFT, speech(own), RATE)
    levels.learn(LOUD, speech(wanted), RATE)
    gain = levels.gain(SOFT, LOUD)
    assert 1 / MOST_GAIN <= gain <= MOST_GAIN
    out = Amplifier().apply(speech(own), gain)
    assert np.abs(out.astype(int)).max() <= max(32_000, np.abs(speech(own).astype(int)).max())


def test_a_change_of_gain_is_a_ramp() -> None:
    amplifier = Amplifier()
    amplifier.apply(np.full(100, 1000, dtype=np.int16), 1.0)
    out = amplifier.apply(np.full(100, 1000, dtype=np.int16), 2.0)
    assert out[0] == 1000
    assert out[-1] == 2000
    assert np.all(np.diff(out.astype(int)) >= 0)
