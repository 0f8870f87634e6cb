"""Where speech starts and stops, by loudness alone."""

from dataclasses import dataclass

FRAME_MS = 20
"""Length of the frames judged, as on a telephone line."""

ONSET_FRAMES = 2
"""Loud frames in a row that start speech: one alone is a click."""


@dataclass
class Segmenter:
    """Feeds on one frame after another; keeps the state of one stream.

    Attributes:
        silence_ms: how long it has been quiet, while speech is still held.
        speaking: whether speech started and has not been ended.
    """

    silence_ms: int = 0
    speaking: bool = False
    _loud_frames: int = 0

    def feed(self, *, loud: bool) -> bool:
        """Take in one frame; true when speech starts with it."""
        self._loud_frames = self._loud_frames + 1 if loud else 0
        self.silence_ms = 0 if loud else self.silence_ms + FRAME_MS
        started = not self.speaking and self._loud_frames >= ONSET_FRAMES
        self.speaking = self.speaking or started
        return started

    def end(self) -> None:
        """Speech is over: wait for the next onset."""
        self.speaking = False
        self._loud_frames = 0
