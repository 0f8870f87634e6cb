"""The caller's audio that no final transcript covers yet, so that a transcriber that fails loses nothing.

Positions are samples from the start of the agent's socket.
"""

from understudy.domain.speech.codec import AudioFormat

KEPT_S = 30.0
"""Seconds of audio kept: longer than any stretch between two finals; 0.5 MB a call at 8 kHz linear, if no final came
for so long; usually a few seconds' worth."""


class AudioLog:
    """What was heard and is not yet final.

    Attributes:
        first: position of the first sample that is kept.
        heard: position behind the last.
        lost: samples discarded before they became final, because `KEPT_S` was exceeded.
    """

    def __init__(self, audio: AudioFormat) -> None:
        self._step = audio.step
        self._kept = bytearray()
        self._limit = int(KEPT_S * audio.sample_rate)
        self.first = 0
        self.heard = 0
        self.lost = 0

    def add(self, data: bytes) -> None:
        """More audio, whole samples."""
        self._kept += data
        self.heard += len(data) // self._step
        over = self.heard - self.first - self._limit
        if over > 0:
            self.lost += over
            self.forget(self.first + over)

    def read(self, start: int, end: int) -> bytes:
        """Audio from `start` to `end`; both must be kept."""
        return bytes(self._kept[(start - self.first) * self._step : (end - self.first) * self._step])

    def forget(self, position: int) -> None:
        """What lies before `position` is not needed again."""
        position = min(position, self.heard)
        if position > self.first:
            del self._kept[: (position - self.first) * self._step]  # does not move the rest
            self.first = position
