"""μ-law, levels, speech boundaries, and the times of words."""

import warnings

import numpy as np
import pytest

from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.audio.segmenter import Segmenter
from understudy.apps.simulator.voice.sound import VOICES, chunks, spread, word_times

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop


def test_mulaw_decodes_as_the_standard_library_does() -> None:
    """Every code."""
    codes = bytes(range(256))
    assert mulaw.decode(codes) == audioop.ulaw2lin(codes, 2)


def test_mulaw_loses_no_more_than_half_a_step() -> None:
    """Every sample that is not clipped: half a step is at most a 32nd of the value, or 4 near zero."""
    values = np.arange(-32635, 32636)
    kept = np.frombuffer(mulaw.decode(mulaw.encode(values.astype("<i2").tobytes())), "<i2").astype(int)
    assert np.all(np.abs(kept - values) <= (np.abs(values) + 132) / 32)
    assert mulaw.encode(bytes(2)) == bytes([mulaw.SILENCE])


def test_trimming_keeps_the_sound_and_normalising_sets_its_peak() -> None:
    """Silence around a tone goes, the tone stays."""
    tone = pcm.tone(0.5, 8000)
    trimmed = pcm.trim(bytes(8000) + tone + bytes(8000), 8000)
    assert abs(len(trimmed) - len(tone)) <= 160
    assert np.abs(pcm.samples(pcm.normalise(tone))).max() == pytest.approx(pcm.PEAK * pcm.FULL_SCALE, abs=2)
    assert pcm.trim(bytes(800), 8000) == b""
    assert pcm.normalise(bytes(8)) == bytes(8)


def test_resampling_keeps_length_and_loudness() -> None:
    """24 kHz to 8 kHz."""
    tone = pcm.tone(1.0, 24_000)
    down = pcm.resample(tone, 24_000, 8_000)
    assert len(down) == pytest.approx(16_000, abs=16)
    assert pcm.rms(down) == pytest.approx(pcm.rms(tone), rel=0.02)


def test_speech_starts_with_two_loud_frames_and_its_silence_is_counted() -> None:
    """One loud frame is a click."""
    segmenter = Segmenter()
    assert [segmenter.feed(loud=loud) for loud in (True, False, True, True, True)] == [False] * 3 + [True, False]
    segmenter.feed(loud=False)
    segmenter.feed(loud=False)
    assert (segmenter.speaking, segmenter.silence_ms) == (True, 40)
    segmenter.end()
    assert not segmenter.speaking


def test_words_share_the_time_of_a_sentence_by_their_letters() -> None:
    """They touch, start at the offset and end with the sound."""
    times = word_times("good evening sir", 3.2, 1.0)
    assert times.words == ["good", "evening", "sir"]
    assert times.start[0] == 1.0
    assert times.start[1:] == times.end[:-1]
    assert times.end[-1] == pytest.approx(4.2)


def test_a_voice_id_always_gets_the_same_voice_and_ids_spread_over_all() -> None:
    """A hash, not a list of names."""
    assert spread("shimmer") == spread("shimmer")
    assert {spread(f"voice-{number}") for number in range(100)} == set(VOICES)


def test_chunks_join_to_the_whole() -> None:
    """The last one is shorter."""
    sound = bytes(range(250)) * 4
    pieces = list(chunks(sound, 8000, 20))
    assert b"".join(pieces) == sound
    assert {len(piece) for piece in pieces[:-1]} == {320}
