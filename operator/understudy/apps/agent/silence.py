"""How long it has been silent, from the signal's level alone, to 10 ms.

A neural detector tells speech from noise but lags: its confidence stays up for a while after the last sound, and it
looks at windows of 32 ms. Once it knows that somebody speaks, the end of a word is plain in the level, and a turn's
answer comes that much sooner. On a line so noisy that the level does not drop, the detector decides alone.
"""

import audioop

STEP_SECONDS = 0.01
"""Length of audio judged at a time: half a telephone frame, so that the end of speech is known to 10 ms."""
SAMPLE_BYTES = 2
"""Linear samples of 16 bits."""
SILENT_BELOW = 0.05
"""Silence is 26 dB below the recent peak: under the softest fricatives, above a phone line's noise at -50 dBm0."""
DECAY = 0.993
"""Of the peak for each step: 6 dB a second, so that a shout does not turn the next sentence into silence."""
FLOOR = 30.0
"""RMS of 32768 below which everything is silence: -60 dBFS, the noise of quantisation to μ-law."""


class SilenceMeter:
    """Measures the silence at the end of what it was given."""

    def __init__(self, sample_rate: int) -> None:
        self._step_bytes = int(sample_rate * STEP_SECONDS) * SAMPLE_BYTES
        self._peak = FLOOR
        self._silent_steps = 0
        self._rest = b""

    @property
    def seconds(self) -> float:
        """Length of the silence that lasts until now."""
        return self._silent_steps * STEP_SECONDS

    def add(self, audio: bytes) -> None:
        """Take in `audio`: 16-bit PCM, mono, of any length."""
        self._rest += audio
        steps = len(self._rest) // self._step_bytes
        for index in range(steps):
            start = index * self._step_bytes
            self._step(audioop.rms(self._rest[start : start + self._step_bytes], SAMPLE_BYTES))
        self._rest = self._rest[steps * self._step_bytes :]

    def _step(self, level: int) -> None:
        self._peak = max(float(level), self._peak * DECAY, FLOOR)
        silent = level < max(self._peak * SILENT_BELOW, FLOOR)
        self._silent_steps = self._silent_steps + 1 if silent else 0
