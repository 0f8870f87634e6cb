"""When a voice that owes audio has failed: it is late with its first, or stalls while the listener runs out of it."""

from understudy.domain.speech.pace import LONGEST_S, Onset
from understudy.domain.speech.playout import Playout

LEAST_QUIET_S = 0.2
"""Silence of a connection in mid-speech that is no failure: voices send every 20 to 100 ms, networks pause for more."""

MOST_QUIET_S = 1.0
"""Silence of a connection in mid-speech that is a failure however slow the voice usually is."""

SPEAKING_S = 0.06
"""Since the latest audio of a voice that goes on speaking, as far as can be told."""

USUAL_GAPS = 3.0
"""Times the longest gap so far that is waited for: some voices send in bursts."""

MARGIN_S = 0.1
"""What the next voice's first word takes beyond its first audio."""

DOUBT_DEVIATIONS, LEAST_DOUBT_S = 1.5, 0.03
"""Mean deviations over the usual time from which on the next voice gets ready: in one turn of ten, for a clause."""

STALL_S = 5.0
"""Longest silence of the last voice there is: nobody else could go on, so it may take its time."""

CLOSING_S = 1.0
"""How long the end of a context is waited for when all its words are there."""


class Watch:
    """Deadlines of one voice. Every `now` is seconds on a monotonic clock.

    Args:
        onset: how soon this voice usually begins.
        successor: how soon the next one does; None when there is none.
        playout: what the listener still has to hear.
    """

    def __init__(self, onset: Onset, successor: Onset | None, playout: Playout) -> None:
        self._onset, self._successor, self._playout = onset, successor, playout
        self._asked: float | None = None
        """When the present context was given the text that has no audio yet."""
        self._latest: float | None = None
        """When its latest audio came."""
        self._gap = 0.0

    def asked(self, now: float) -> None:
        """It was given text."""
        if self._asked is None:
            self._asked = now

    def began(self, at: float) -> None:
        """The next context is the present one; it was given its text at `at`."""
        self._asked, self._latest = at, None

    def heard(self, now: float) -> float | None:
        """Audio came; for the first since the text, how long it took."""
        took = now - self._asked if self._latest is None and self._asked is not None else None
        if self._latest is not None:
            self._gap = max(self._gap, now - self._latest)
        self._latest = now
        return took

    def rested(self) -> None:
        """All that was asked for is there: nothing is owed until more text is given."""
        self._asked = self._latest = None

    @property
    def alive(self) -> float:
        """Silence up to which the voice counts as speaking."""
        return min(MOST_QUIET_S, max(LEAST_QUIET_S, USUAL_GAPS * self._gap))

    def speaks(self, now: float) -> bool:
        """Whether audio comes just now."""
        return self._latest is not None and now - self._latest < SPEAKING_S

    def doubt(self, now: float) -> float:
        """When it is time for the next voice to get ready, so that its first word is there at the `deadline`."""
        if self._latest is None:
            asked = now if self._asked is None else self._asked
            late = asked + self._onset.mean + max(LEAST_DOUBT_S, DOUBT_DEVIATIONS * self._onset.deviation)
            return max(late, self._needed() - MARGIN_S)
        return max(self._latest + self.alive / 2, self._needed() - MARGIN_S)

    def _needed(self) -> float:
        """When the next voice has to be asked, if the listener is not to wait."""
        return self._playout.until - (self._successor.mean if self._successor else 0.0) - MARGIN_S

    def deadline(self, now: float) -> float:
        """When the audio that is owed counts as lost, if nothing comes by then."""
        asked = now if self._asked is None else self._asked
        if self._successor is None:
            return asked + LONGEST_S if self._latest is None else self._latest + STALL_S
        patience = asked + self._onset.patience if self._latest is None else self._latest + self.alive
        return max(patience, self._needed())
