"""The watermark: which words a caller heard of a simulated voice."""

import pytest

from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.script import VoiceSettings
from understudy.apps.simulator.voice import watermark
from understudy.apps.simulator.voice.sound import Sounds, word_times

TEXT = "Your table is booked for eight o'clock, under the name of Miller."
LINE = 8000


async def spoken(settings: VoiceSettings, rate: int = 24_000, *, speed: float = 1.0, gain: float = 1.0) -> bytes:
    """What comes out of the telephone."""
    sound = await Sounds(None).make(TEXT, "any", settings, rate, speed=speed, gain=gain)  # type: ignore[arg-type]
    return mulaw.decode(mulaw.encode(pcm.resample(sound, rate, LINE)))


def settings(**changes: object) -> VoiceSettings:
    return VoiceSettings.model_validate({"synth": "Watermark", **changes})


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000])
async def test_words_are_heard_in_order_at_the_times_that_the_voice_tells(rate: int) -> None:
    """After resampling and μ-law, where `word_times` says."""
    sound = await spoken(settings(), rate)
    times = word_times(TEXT, len(sound) / 2 / LINE, 0.0)
    heard = watermark.heard(sound, LINE)
    assert [chord.number for chord in heard] == [watermark.number_of(word) for word in TEXT.split()]
    assert [chord.start for chord in heard] == pytest.approx(times.start, abs=0.03)


async def test_loudness_is_the_voices_own_and_follows_the_request() -> None:
    """6 dB less is half; a request's gain comes on top."""
    loud, soft = [watermark.heard(await spoken(settings(levelDb=level)), LINE) for level in (-20.0, -26.0)]
    assert loud[3].rms == pytest.approx(3277, rel=0.05)
    assert soft[3].rms == pytest.approx(loud[3].rms / 2, rel=0.05)
    raised = watermark.heard(await spoken(settings(levelDb=-26.0), gain=2.0), LINE)
    assert raised[3].rms == pytest.approx(loud[3].rms, rel=0.05)


async def test_rate_is_the_voices_own_and_follows_the_request() -> None:
    """Twice as fast takes half the time, either way."""
    slow, quick = await spoken(settings(wordsPerMinute=100)), await spoken(settings(wordsPerMinute=200))
    assert len(quick) == pytest.approx(len(slow) / 2, rel=0.02)
    assert len(await spoken(settings(wordsPerMinute=100), speed=2.0)) == pytest.approx(len(quick), rel=0.02)
    assert [c.number for c in watermark.heard(slow, LINE)] == [c.number for c in watermark.heard(quick, LINE)]


def test_equal_words_have_one_number_and_signs_have_none() -> None:
    """Case and punctuation do not count; numbered words are their own."""
    assert watermark.number_of("Table,") == watermark.number_of("table")
    assert watermark.number_of("w17.") == 17
    assert watermark.number_of("—") is None
