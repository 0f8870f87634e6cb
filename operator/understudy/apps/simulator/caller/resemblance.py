"""Has the caller heard this answer before? By the shape of its loudness: no understanding needed."""

import numpy as np
import numpy.typing as npt

from understudy.apps.simulator.audio import pcm
from understudy.apps.simulator.caller.media import RATE

Envelope = npt.NDArray[np.float32]
"""Loudness, a number for each 20 ms."""

FRAME_SAMPLES = RATE // 50
"""Samples whose loudness is compared at a time: 20 ms."""
LENGTH_TOLERANCE = 0.04
"""Share by which two recordings of the same sentence may differ in length."""

SAME = 0.97
"""Correlation of loudness above which two answers are the same sentence."""


def envelope(sound: bytes) -> Envelope:
    """Loudness of PCM of 8 kHz in frames of 20 ms, without the silence around it."""
    values = pcm.samples(pcm.trim(sound, RATE))
    frames = values[: len(values) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return np.sqrt((frames**2).mean(axis=1)).astype(np.float32) if len(frames) else np.zeros(0, np.float32)


def same(one: Envelope, other: Envelope) -> bool:
    """Whether two envelopes are of the same sentence by the same voice."""
    shorter, longer = sorted((len(one), len(other)))
    if shorter == 0 or longer - shorter > max(1, LENGTH_TOLERANCE * longer):
        return False
    correlation = np.corrcoef(one[:shorter], other[:shorter])[0, 1]
    return bool(correlation >= SAME)
