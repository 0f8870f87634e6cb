"""Numbers as sound: three tones at once, one for each decimal digit, that survive μ-law, resampling and being cut.

A chord is steady, so any 20 ms of it tell its number, whatever the alignment. The tones are 100 Hz apart, from 400 Hz
to 3300 Hz, inside the telephone's band; a Hann window of 20 ms has its zeros exactly at the neighbours.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from understudy.apps.simulator.audio import pcm

NUMBERS = 1000
"""Numbers that a chord can say, from 0."""

WINDOW_S = 0.02
"""Seconds of sound that tell a number."""

HOP_S = 0.01
"""Seconds between two readings: how exactly the bounds of a chord are known."""

PURITY = 0.55
"""Least share of a window's energy in the three tones: 1 in the middle of a chord, 0.1 in speech or noise."""

BALANCE = 0.05
"""Least share of one tone: with less, a digit is not there."""

AUDIBLE_MEAN_SQUARE = 60.0**2
"""Energy under which a window is silence: -55 dB of full scale."""

FADE_S = 0.004
"""Rise and fall of a chord, so that it does not click."""

HOLES = 2
"""Readings that may fail within a chord."""

_LOWEST_HZ, _STEP_HZ, _DIGITS, _BANDS = 400.0, 100.0, 10, 3
_PLACES = (100, 10, 1)

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Chord:
    """A number that was heard.

    Attributes:
        start, end: seconds of the sound.
        rms: how loud it was, on the scale ±32767.
    """

    number: int
    start: float
    end: float
    rms: float

    @property
    def seconds(self) -> float:
        """How long it was heard."""
        return self.end - self.start


def chord(number: int, seconds: float, rate: int, rms: float) -> Floats:
    """The sound of a number from 0 to `NUMBERS` - 1."""
    at = np.arange(round(seconds * rate), dtype=np.float64) / rate
    digits = [number // place % _DIGITS for place in _PLACES]
    tones = [_LOWEST_HZ + _STEP_HZ * (band * _DIGITS + digit) for band, digit in enumerate(digits)]
    sound = sum(np.sin(2 * np.pi * (hz * at + band / _BANDS)) for band, hz in enumerate(tones))
    fade = np.minimum(1.0, np.minimum(at, at[::-1]) / FADE_S) if len(at) else at
    return np.asarray(sound * fade * (rms * np.sqrt(2 / _BANDS)), dtype=np.float32)


class Reader:
    """Hears chords in PCM that comes in pieces of any length.

    Args:
        rate: samples a second, at least 8000.
    """

    def __init__(self, rate: int) -> None:
        self._window = round(WINDOW_S * rate)
        self._hop = round(HOP_S * rate)
        self._waves = _waves(rate)
        self._rest = np.zeros(0, dtype=np.float32)
        self._readings = 0
        self._closed: list[Chord] = []
        self._open: _Run | None = None

    def feed(self, sound: bytes) -> None:
        """Take in more PCM, whole samples."""
        samples = np.concatenate([self._rest, pcm.samples(sound)])
        count = max(0, (len(samples) - self._window) // self._hop + 1)
        self._rest = samples[count * self._hop :]
        if count:
            views = np.lib.stride_tricks.sliding_window_view(samples, self._window)[:: self._hop][:count]
            for number, mean_square in zip(*self._read(views), strict=True):
                self._take(int(number), float(mean_square))

    def chords(self) -> list[Chord]:
        """What was heard so far; the last may still go on."""
        return [*self._closed, self._open.chord()] if self._open else list(self._closed)

    def _read(self, views: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
        """Of each window the number (-1: none) and the mean square."""
        energy = np.mean(np.square(views), axis=1)
        if float(energy.max()) < AUDIBLE_MEAN_SQUARE:
            return np.full(len(views), -1), energy
        tones = np.square(np.abs(views @ self._waves)).reshape(len(views), _BANDS, _DIGITS)
        best, peaks = tones.argmax(axis=2), tones.max(axis=2)
        share = peaks / np.maximum(np.mean(np.square(views * _hann(self._window)), axis=1), 1e-9)[:, None]
        found = (share.sum(axis=1) > PURITY) & (share.min(axis=1) > BALANCE) & (energy >= AUDIBLE_MEAN_SQUARE)
        return np.where(found, best @ np.array(_PLACES), -1), energy

    def _take(self, number: int, mean_square: float) -> None:
        at, run = self._readings, self._open
        self._readings += 1
        if run and number != run.number and (number >= 0 or at - run.last > HOLES):
            self._closed.append(run.chord())
            self._open = run = None
        if number < 0:
            return
        if run is None:
            self._open = _Run(number, at, at, [mean_square])
        else:
            run.last = at
            run.squares.append(mean_square)


@dataclass
class _Run:
    """Readings of one number, from the first to the last."""

    number: int
    first: int
    last: int
    squares: list[float]

    def chord(self) -> Chord:
        """A reading is of the middle of its window."""
        start = self.first * HOP_S + (WINDOW_S - HOP_S) / 2
        rms = float(np.sqrt(np.median(self.squares)))
        return Chord(self.number, round(start, 3), round(start + (self.last - self.first + 1) * HOP_S, 3), rms)


def read(sound: bytes, rate: int) -> list[Chord]:
    """The chords in a whole recording."""
    reader = Reader(rate)
    reader.feed(sound)
    return reader.chords()


@cache
def _hann(size: int) -> Floats:
    """Scaled so that its mean square is 1."""
    window = np.hanning(size + 1)[:size]
    return np.asarray(window / np.sqrt(np.mean(np.square(window))), dtype=np.float32)


@cache
def _waves(rate: int) -> npt.NDArray[np.complex64]:
    """Columns whose products with a window have the mean square of each tone as their square."""
    size = round(WINDOW_S * rate)
    hz = _LOWEST_HZ + _STEP_HZ * np.arange(_BANDS * _DIGITS)
    turning = np.exp(-2j * np.pi * np.outer(np.arange(size) / rate, hz))
    window = _hann(size).astype(np.float64)
    # A tone of amplitude A gives A/2·sum(w); its mean square under the window is A²/2 (the window's is 1).
    return np.asarray(turning * (window * np.sqrt(2.0) / window.sum())[:, None], dtype=np.complex64)
