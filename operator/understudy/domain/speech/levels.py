"""How loud speech is, and making one voice as loud as another. 16-bit samples; levels are RMS of 32768."""

import math

import numpy as np

Samples = np.ndarray[tuple[int, ...], np.dtype[np.int16]]

FRAME_S = 0.01
"""Seconds of audio that are judged at a time: half a telephone frame."""

AUDIBLE = 58.0
"""RMS from which a frame is sound: -55 dBFS, above dither and the noise of μ-law, below the softest speech."""

SPEECH_SHARE = 0.1
"""Frames quieter than this share of the loudest are pauses: 20 dB, and do not count for a voice's level."""

MOST_GAIN = 4.0
"""12 dB, up or down: voices differ by less, and more would lift noise."""

CEILING = 32_000
"""Highest sample after amplification: nothing is clipped."""

MEMORY = 30.0
"""Seconds of speech over which a voice's level is averaged."""


def frame_levels(samples: Samples, rate: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """RMS of each `FRAME_S` of `samples`; a rest shorter than that is left out, unless it is all there is."""
    size = max(1, int(rate * FRAME_S))
    whole = len(samples) // size * size
    if not whole:
        return np.sqrt(np.mean(samples.astype(np.float64) ** 2, keepdims=True)) if len(samples) else np.zeros(0)
    frames = samples[:whole].reshape(-1, size).astype(np.float64)
    return np.asarray(np.sqrt(np.mean(frames**2, axis=1)))


def audible_span(samples: Samples, rate: int) -> tuple[float, float] | None:
    """Seconds of the first and behind the last sound in `samples`; None when there is none."""
    found = np.flatnonzero(frame_levels(samples, rate) >= AUDIBLE)
    if not len(found):
        return None
    return float(found[0]) * FRAME_S, float(found[-1] + 1) * FRAME_S


def speech_level(samples: Samples, rate: int) -> tuple[float, float]:
    """Level of the speech in `samples`, and seconds of it; zeros when there is none."""
    levels = frame_levels(samples, rate)
    spoken = levels[levels >= max(AUDIBLE, SPEECH_SHARE * float(levels.max(initial=0.0)))]
    if not len(spoken):
        return 0.0, 0.0
    return math.sqrt(float(np.mean(spoken**2))), len(spoken) * FRAME_S


class Levels:
    """Level of each voice, as heard so far."""

    def __init__(self) -> None:
        self._power: dict[tuple[str, ...], tuple[float, float]] = {}

    def learn(self, voice: tuple[str, ...], samples: Samples, rate: int) -> None:
        """`voice` made `samples`."""
        level, seconds = speech_level(samples, rate)
        if not seconds:
            return
        power, heard = self._power.get(voice, (0.0, 0.0))
        heard += seconds
        self._power[voice] = (power + (level**2 - power) * seconds / heard, min(heard, MEMORY))

    def of(self, voice: tuple[str, ...]) -> float | None:
        """Its level; None when it was not heard."""
        known = self._power.get(voice)
        return math.sqrt(known[0]) if known else None

    def gain(self, voice: tuple[str, ...], like: tuple[str, ...]) -> float:
        """What makes `voice` as loud as `like`, within `MOST_GAIN`; 1 where either is not known."""
        own, wanted = self.of(voice), self.of(like)
        if voice == like or own is None or wanted is None:
            return 1.0
        return min(MOST_GAIN, max(1 / MOST_GAIN, wanted / own))


class Amplifier:
    """Brings a stream to a gain that may change; steps are ramps, so that none is heard."""

    def __init__(self) -> None:
        self._gain: float | None = None

    def apply(self, samples: Samples, gain: float) -> Samples:
        """`samples` with `gain`, less where that would clip."""
        if not len(samples):
            return samples
        peak = float(np.abs(samples.astype(np.int32)).max())
        safe = max(1.0, CEILING / peak) if peak else gain
        target = min(gain, safe)
        begin = min(target if self._gain is None else self._gain, safe)
        self._gain = target
        if begin == target == 1.0:
            return samples
        ramp = np.linspace(begin, target, len(samples))
        return np.asarray(np.clip(np.rint(samples * ramp), -32768, 32767).astype(np.int16))
