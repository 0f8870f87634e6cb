"""The recording of a call: caller left, assistant right, as it sounded to the caller."""

import base64
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.caller.media import RATE
from understudy.apps.simulator.caller.playback import Played


def write_stereo(
    path: Path, sent: Sequence[tuple[float, str]], played: Sequence[Played], opened: float, seconds: float
) -> None:
    """Write both sides of a call as a stereo WAV file of 8 kHz that starts when the line was opened."""
    length = int((seconds + 1) * RATE)
    left, right = np.zeros(length, "<i2"), np.zeros(length, "<i2")
    start = None
    for at, payload in sent:
        # Frames are sent every 20 ms give or take the scheduler: laid end to end, or each utterance would crackle.
        begin = int((at - opened) * RATE)
        start = begin if start is None or abs(begin - start) > RATE // 5 else start
        start = _lay(left, base64.b64decode(payload), start)
    for stretch in played:
        _lay(right, stretch.sound, int((stretch.at - opened) * RATE))
    pcm.write_wav(path, np.stack([left, right], axis=1).tobytes(), RATE, channels=2)


def _lay(track: npt.NDArray[np.int16], sound: bytes, begin: int) -> int:
    """Put μ-law on the track; returns where it ends."""
    samples = np.frombuffer(mulaw.decode(sound), dtype="<i2")
    end = min(begin + len(samples), len(track))
    if 0 <= begin < end:
        track[begin:end] = samples[: end - begin]
    return begin + len(samples)
