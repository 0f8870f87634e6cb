"""Numbered speech: words that are chords, so that each word of a transcript says which stretch of sound it is.

A word `w17` is the chord 17, as long as its number decides, with a short gap behind it. A listener recognises a word
if it heard at least `ENOUGH` of it in one utterance: a word cut in two is recognised in the larger part or not at all,
and never in both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from understudy.apps.simulator.audio import chords, pcm
from understudy.apps.simulator.audio.chords import Chord

RMS = 3000.0
"""Loudness of numbered speech: a voice on the telephone."""

SHORTEST_S, STEP_S, LENGTHS = 0.12, 0.02, 10
"""Words last from 120 to 300 ms: one of ten lengths, so that a replay cannot fall into step with them."""

GAP_S = 0.06
"""Silence behind a word: no pause to any voice detection."""

ENOUGH = 0.6
"""Share of a word that must be heard: over a half, so that the parts of one cut word are not two words."""

PRIME = 7
"""Spreads the lengths over neighbouring numbers."""


@dataclass(frozen=True)
class Spoken:
    """A word of numbered speech; seconds of the recording."""

    number: int
    start: float
    end: float

    @property
    def text(self) -> str:
        """As it is transcribed."""
        return text_of(self.number)


def text_of(number: int) -> str:
    """`w17`."""
    return f"w{number}"


def number_of(word: str) -> int | None:
    """17 of `w17` in any case, with any punctuation; None of other words."""
    bare = word.strip(".,;:!?\"'").lower()
    found = bare[1:] if bare[:1] == "w" else ""
    return int(found) if found.isdecimal() and int(found) < chords.NUMBERS else None


def seconds_of(number: int) -> float:
    """How long the word sounds."""
    return SHORTEST_S + STEP_S * (number * PRIME % LENGTHS)


def timed(numbers: Iterable[int], start: float = 0.0) -> list[Spoken]:
    """When each word sounds if they are said one after the other."""
    spoken: list[Spoken] = []
    for number in numbers:
        end = start + seconds_of(number)
        spoken.append(Spoken(number, round(start, 3), round(end, 3)))
        start = end + GAP_S
    return spoken


def speech(numbers: Sequence[int], rate: int, rms: float = RMS) -> bytes:
    """PCM of the words, one after the other, without a gap behind the last."""
    words = timed(numbers)
    sound = np.zeros(round(words[-1].end * rate) if words else 0, dtype=np.float32)
    for word in words:
        piece = chords.chord(word.number, word.end - word.start, rate, rms)
        at = round(word.start * rate)
        sound[at : at + len(piece)] = piece[: len(sound) - at]
    return pcm.to_pcm(sound)


def recognised(heard: Iterable[Chord]) -> list[Chord]:
    """The chords of which enough was heard to be words."""
    return [chord for chord in heard if chord.seconds >= ENOUGH * seconds_of(chord.number)]
