"""Silence that a codec puts into the caller's audio, and what it does to the provider's times."""

from understudy.domain.speech.codec import AudioFormat
from understudy.domain.speech.transcribers.common import silence


class Timeline:
    """How much of a connection's audio is the caller's, and where the rest stands.

    Args:
        audio: what is sent.
    """

    def __init__(self, audio: AudioFormat) -> None:
        self._audio = audio
        self._bytes = 0
        self._inserted: list[tuple[float, float]] = []
        """Where each silence stands, in the provider's seconds, and its length; in order."""

    @property
    def position(self) -> float:
        """Seconds sent so far, as the provider counts them."""
        return self._bytes / self._audio.bytes_per_second

    def sent(self, audio: bytes) -> bytes:
        """Counts `audio` of the caller's."""
        self._bytes += len(audio)
        return audio

    def silence(self, seconds: float) -> bytes:
        """So much silence to send next."""
        inserted = silence(self._audio, seconds)
        self._inserted.append((self.position, len(inserted) / self._audio.bytes_per_second))
        self._bytes += len(inserted)
        return inserted

    def ours(self, seconds: float) -> float:
        """The provider's time → seconds of the caller's audio; within a silence of ours: where that stands."""
        before = 0.0
        for position, length in self._inserted:
            if position >= seconds:
                break
            before += min(length, seconds - position)
        return round(seconds - before, 6)
