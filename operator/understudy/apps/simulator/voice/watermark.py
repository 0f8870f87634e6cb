"""A voice whose every word can be told at the caller's ear: chords instead of phonemes.

`w17` is the chord 17; any other word the chord of its letters' hash. A word fills its share of the time by its letters,
as `sound.word_times` has it, with a gap behind.
"""

import hashlib

import numpy as np

from understudy.apps.simulator.audio import chords, numbered, pcm
from understudy.apps.simulator.audio.chords import Chord

S_PER_CHARACTER = 0.06
"""Of a word and the space behind it, at `WORDS_PER_MINUTE`."""

WORDS_PER_MINUTE = 170
"""The speed at which `S_PER_CHARACTER` holds."""

GAP_S = 0.03
"""Longest silence behind a word; never more than `GAP_SHARE` of it."""
GAP_SHARE = 0.25
"""Of a word: a short word is still mostly sound."""

ENOUGH = 0.6
"""Share of a word that must sound for it to count as heard; less is a fragment."""


def number_of(word: str) -> int | None:
    """The chord that stands for a word; None where there is nothing to say."""
    numbered_as = numbered.number_of(word)
    letters = "".join(filter(str.isalnum, word.lower()))
    if numbered_as is not None or not letters:
        return numbered_as
    return int.from_bytes(hashlib.sha256(letters.encode()).digest()[:4], "big") % chords.NUMBERS


def seconds_of(word: str, words_per_minute: float = WORDS_PER_MINUTE) -> tuple[float, float]:
    """How long a word sounds, and how long it takes with the silence behind it."""
    slot = (len(word) + 1) * S_PER_CHARACTER * WORDS_PER_MINUTE / words_per_minute
    return slot - min(GAP_S, slot * GAP_SHARE), slot


def speech(text: str, rate: int, words_per_minute: float, level_db: float, gain: float = 1.0) -> bytes:
    """PCM of `text`; `level_db` is the words' RMS in decibels of full scale, `gain` a factor on top of it."""
    rms = pcm.FULL_SCALE * 10 ** (level_db / 20) * gain
    pieces, ends_at, made = [], 0.0, 0
    for word in text.split():
        sounding, slot = seconds_of(word, words_per_minute)
        number = number_of(word)
        ends_at += slot
        piece = np.zeros(round(ends_at * rate) - made, dtype=np.float32)
        if number is not None:
            sound = chords.chord(number, sounding, rate, rms)
            piece[: len(sound)] = sound[: len(piece)]
        pieces.append(piece)
        made += len(piece)
    return pcm.to_pcm(np.concatenate(pieces)) if pieces else b""


def heard(sound: bytes, rate: int) -> list[Chord]:
    """The words in what a caller heard, fragments included, in order."""
    return chords.read(sound, rate)
