"""Speech is told from silence, hiss and clicks, at any loudness, in every encoding an agent may send."""

import numpy as np
import pytest

from understudy.domain.speech.agent_audio import Encoder, Power
from understudy.domain.speech.codec import AudioFormat
from understudy.domain.speech.voice_activity import VoiceActivity

RATE = 8000
LINEAR = AudioFormat("linear16", RATE)
FORMATS = [
    LINEAR,
    AudioFormat("mulaw", RATE),
    AudioFormat("alaw", RATE),
    AudioFormat("linear32", RATE),
    AudioFormat("linear16", 24_000),
]


def noise(seconds: float, level: float, seed: int = 1) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """Hiss with an RMS of `level`."""
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE))


def line(*stretches: tuple[float, float], hiss: float = 0.0) -> bytes:
    """Stretches of sound (seconds, RMS) one after the other, over hiss."""
    sound = np.concatenate([noise(seconds, level, at) for at, (seconds, level) in enumerate(stretches)])
    return np.clip(sound + noise(len(sound) / RATE, hiss, 99), -32768, 32767).astype("<i2").tobytes()


def spoken(sound: bytes, audio: AudioFormat = LINEAR) -> list[tuple[float, float]]:
    """Stretches of speech found, seconds."""
    voice, found = VoiceActivity(audio), []
    data = Encoder(LINEAR, audio).encode(sound, last=True)
    step = 160 * audio.step
    for at in range(0, len(data), step):
        began = voice.feed(data[at : at + step])
        if began:
            found.append([voice.onset / audio.sample_rate, 0.0])
        if found:
            found[-1][1] = voice.spoke_until / audio.sample_rate
    return [(start, end) for start, end in found]


@pytest.mark.parametrize("audio", FORMATS, ids=str)
@pytest.mark.parametrize("loudness", [300, 3000])
@pytest.mark.parametrize("hiss", [0, 30])
def test_speech_is_found_where_it_is(audio: AudioFormat, loudness: float, hiss: float) -> None:
    [(start, end)] = spoken(line((1.0, 0), (1.0, loudness), (1.0, 0), hiss=hiss), audio)
    assert start == pytest.approx(0.95, abs=0.1)
    assert end == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    ("sound", "why"),
    [
        (line((4.0, 0)), "silence"),
        (line((4.0, 20)), "comfort noise"),
        (line((3.0, 0), (0.02, 8000), (1.0, 0)), "a click"),
    ],
)
def test_what_is_no_speech(sound: bytes, why: str) -> None:
    assert spoken(sound) == [], why


def test_steady_noise_of_the_line_is_silence_after_a_while() -> None:
    """The floor follows it; speech over it is still found."""
    found = spoken(line((4.0, 0), (0.5, 3000), (1.0, 0), hiss=200))
    assert found[-1] == (pytest.approx(3.95, abs=0.15), pytest.approx(4.5, abs=0.1))


def test_loud_steady_sound_stays_speech() -> None:
    """A tone is no reason to drop what is said over it."""
    [(start, end)] = spoken(line((1.0, 0), (8.0, 3000)))
    assert end - start == pytest.approx(8.0, abs=0.2)


def test_pauses_within_words_end_nothing() -> None:
    assert len(spoken(line((0.5, 3000), (0.15, 0), (0.5, 3000), (0.5, 0)))) == 1
    assert len(spoken(line((0.5, 3000), (0.4, 0), (0.5, 3000), (0.5, 0)))) == 2


def test_pieces_of_any_length_are_the_same_stream() -> None:
    sound = line((1.0, 0), (1.0, 3000), (1.0, 0))
    whole, pieces = VoiceActivity(LINEAR), VoiceActivity(LINEAR)
    whole.feed(sound)
    for at in range(0, len(sound), 74):
        pieces.feed(sound[at : at + 74])
    assert (whole.onset, whole.spoke_until) == (pieces.onset, pieces.spoke_until)


@pytest.mark.parametrize("audio", FORMATS, ids=str)
def test_power_is_that_of_full_scale(audio: AudioFormat) -> None:
    """A tenth of full scale is -20 dB, in every encoding."""
    tone = (3276.8 * np.sign(np.sin(np.arange(RATE) * 0.5))).astype("<i2").tobytes()
    power = Power(audio).of(Encoder(LINEAR, audio).encode(tone, last=True))
    assert power == pytest.approx(0.01, rel=0.15)
