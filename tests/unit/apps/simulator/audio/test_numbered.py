"""Numbered speech: what survives a telephone line, resampling, and being cut."""

import random

import numpy as np
import pytest

from understudy.apps.simulator.audio import chords, mulaw, numbered, pcm

LINE = 8000


def on_the_line(sound: bytes) -> bytes:
    return mulaw.decode(mulaw.encode(sound))


def heard(sound: bytes, rate: int) -> list[int]:
    return [chord.number for chord in numbered.recognised(chords.read(sound, rate))]


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000, 48_000])
def test_every_number_survives_mulaw_and_resampling_at_any_alignment(rate: int) -> None:
    """All thousand words, in an order of chance, with a start that falls within a frame."""
    numbers = random.Random(rate).sample(range(chords.NUMBERS), chords.NUMBERS)
    sound = pcm.resample(on_the_line(numbered.speech(numbers, LINE)), LINE, rate)
    assert heard(bytes(2 * 37) + sound, rate) == numbers


def test_times_are_those_of_the_speech() -> None:
    """Each word's start and end to two readings, whatever the size of the pieces."""
    numbers = [3, 999, 0, 500, 501]
    sound = on_the_line(numbered.speech(numbers, LINE))
    reader = chords.Reader(LINE)
    for at in range(0, len(sound), 318):
        reader.feed(sound[at : at + 318])
    for chord, word in zip(reader.chords(), numbered.timed(numbers), strict=True):
        assert (chord.start, chord.end) == pytest.approx((word.start, word.end), abs=2.5 * chords.HOP_S)
        assert chord.rms == pytest.approx(numbered.RMS, rel=0.05)


@pytest.mark.parametrize(("share", "known"), [(0.3, False), (0.5, False), (0.75, True), (1.0, True)])
def test_a_cut_word_is_recognised_only_if_enough_of_it_was_heard(share: float, *, known: bool) -> None:
    """From either side: the beginning of a word, or the end of one."""
    for number in range(0, 100, 9):
        sound = numbered.speech([number], LINE)
        size = int(len(sound) * share) // 2 * 2
        assert (heard(sound[:size], LINE) == [number]) == known
        assert (heard(sound[len(sound) - size :], LINE) == [number]) == known


def test_neither_noise_nor_speech_nor_a_single_tone_is_a_number() -> None:
    """Nothing is recognised that was not said."""
    noise = pcm.to_pcm(np.random.default_rng(1).normal(0, 3000, LINE * 5).astype(np.float32))
    assert heard(noise, LINE) == []
    assert heard(pcm.tone(2.0, LINE), LINE) == []
    assert heard(bytes(LINE), LINE) == []


@pytest.mark.parametrize(
    ("word", "number"), [("w17", 17), ("W17.", 17), ("w999,", 999), ("w1000", None), ("well", None), ("w", None)]
)
def test_words_of_numbered_speech_are_told_from_others(word: str, number: int | None) -> None:
    """In any case, with any punctuation."""
    assert numbered.number_of(word) == number
