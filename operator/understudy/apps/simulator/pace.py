"""How fast audio may come: providers refuse a stream that runs ahead of real time for longer than they allow."""

from understudy.apps.simulator.script import TranscriberSettings
from understudy.base.clock import Clock

BURST_S = 1.5
"""Seconds of audio that may come at once: what a network holds up and lets go again is real time all the same."""


class Pace:
    """One stream's allowance: it fills with the audio that comes and empties `rate` times as fast as time passes.

    Args:
        clock: tells the time of arrival.
        settings: of the deployment; its `ahead_s` comes before `burst_s`.
        rate: how much faster than real time audio may come for as long as it likes.
        burst_s: seconds of audio beyond that.
    """

    def __init__(
        self, clock: Clock, settings: TranscriberSettings, rate: float = 1.25, burst_s: float = BURST_S
    ) -> None:
        self._clock = clock
        self._rate = rate
        self._burst_s = burst_s if settings.ahead_s is None else settings.ahead_s
        self._ahead_s = 0.0
        self._at = clock.monotonic()

    @property
    def ahead_s(self) -> float:
        """Seconds of audio that came too early by now."""
        return max(0.0, self._ahead_s - (self._clock.monotonic() - self._at) * self._rate)

    def takes(self, seconds: float) -> bool:
        """Whether so much more audio is taken now; if not, the provider answers with its error and closes."""
        self._ahead_s = self.ahead_s + seconds
        self._at = self._clock.monotonic()
        return self._ahead_s <= self._burst_s
