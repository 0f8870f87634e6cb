"""What the caller of a golden call hears, and when: a carrier plays what it is sent one after the other."""

from understudy.domain.calls.loudness import AUDIBLE, RATE, level


class Ear:
    """One caller's. Every `now` is seconds on a monotonic clock, and so is what is told.

    Attributes:
        plays_until: when everything that was sent will have been played.
        heard_from: when the first audible sound since `listen` is heard; None: none was sent.
        heard_until: when the last audible sound ends.
    """

    def __init__(self, now: float) -> None:
        self.plays_until = self.heard_until = now
        self.heard_from: float | None = None

    def listen(self) -> None:
        """What was heard until now was the answer to something else."""
        self.heard_from = None

    def sent(self, audio: bytes, now: float) -> None:
        """The assistant sent `audio`, 8 kHz μ-law."""
        starts = max(self.plays_until, now)
        self.plays_until = starts + len(audio) / RATE
        if level(audio) < AUDIBLE:
            return
        if self.heard_from is None:
            self.heard_from = starts
        self.heard_until = self.plays_until

    def cleared(self, now: float) -> None:
        """What is not played yet never will be.

        Agents clear when the caller speaks: whatever was heard before was no answer to that, and one is to come.
        """
        self.plays_until, self.heard_until = min(self.plays_until, now), min(self.heard_until, now)
        self.heard_from = None

    def quiet_s(self, now: float) -> float:
        """Seconds since anything was heard."""
        return max(0.0, now - self.heard_until)
