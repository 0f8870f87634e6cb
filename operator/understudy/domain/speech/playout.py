"""What the listener still has to hear of the audio that was handed over; it plays as it comes, at its own speed."""


class Playout:
    """A queue of audio that plays. Every `now` is seconds on a monotonic clock."""

    def __init__(self) -> None:
        self._until = 0.0

    def add(self, seconds: float, now: float) -> float:
        """More audio was handed over; how long there was nothing to play before it."""
        gap = max(0.0, now - self._until) if self._until else 0.0
        self._until = max(self._until, now) + seconds
        return gap

    def left(self, now: float) -> float:
        """Seconds that still play."""
        return max(0.0, self._until - now)

    @property
    def until(self) -> float:
        """When nothing is left to play."""
        return self._until

    def cleared(self, now: float) -> None:
        """The listener threw away what was not played."""
        self._until = min(self._until, now)
