"""How fast kept audio may be sent: providers refuse or cut off a stream that runs far ahead of real time."""

from understudy.domain.speech.codec import BURST_S

PIECE_S = 0.1
"""Longest piece that is sent at once during a replay."""

LEAST_S = 0.02
"""Shortest: a telephone frame."""

SLIVER = 1e-6
"""Share of a frame that sums of seconds are off by."""


class Pacing:
    """One connection's allowance, seconds of audio.

    Args:
        rate: how much faster than real time it may be sent.
        now: seconds on a steady clock.
        burst_s: seconds of audio that may be sent at once.
    """

    def __init__(self, rate: float, now: float, burst_s: float = BURST_S) -> None:
        self._rate, self._burst_s = rate, burst_s
        self._at = now
        self._left = burst_s

    def allows(self, now: float) -> float:
        """Seconds of audio that may be sent at once, whole frames of a telephone's; 0 when it is not even one."""
        self._left = min(self._burst_s, self._left + (now - self._at) * self._rate)
        self._at = now
        return int(min(self._left, PIECE_S) / LEAST_S + SLIVER) * LEAST_S

    def sent(self, seconds: float) -> None:
        """So much was sent."""
        self._left -= seconds

    @property
    def wait_s(self) -> float:
        """Seconds until something may be sent again."""
        return max(0.0, (LEAST_S - self._left) / self._rate)
