"""Speech for callers, from espeak-ng, as the μ-law that a carrier sends."""

import audioop
import functools
import io
import subprocess
import wave

import numpy as np
import soxr

RATE = 8000
FRAME_BYTES = 160
"""20 ms of μ-law at 8 kHz."""
SILENCE = b"\xff"
QUIET = 200
"""Below this absolute sample value, espeak-ng's head and tail count as silence."""


@functools.cache
def spoken(text: str) -> bytes:
    """`text` as μ-law, with neither leading nor trailing silence, a whole number of frames."""
    command = ["espeak-ng", "-v", "en-us", "-s", "165", "--stdout", text]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(output)) as wav:
        samples = np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
        narrow = soxr.resample(samples, wav.getframerate(), RATE)
    loud = np.flatnonzero(np.abs(narrow.astype(np.int32)) > QUIET)
    ulaw = audioop.lin2ulaw(narrow[loud[0] : loud[-1] + 1].tobytes(), 2)
    return ulaw[: len(ulaw) // FRAME_BYTES * FRAME_BYTES]


@functools.cache
def tone(milliseconds: int, hertz: int = 440) -> bytes:
    """A sine as 16-bit PCM at 8 kHz: what the fake voice says for a word."""
    time = np.arange(RATE * milliseconds // 1000) / RATE
    return (8000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16).tobytes()
