"""How much of what was sent the caller has heard: by the carrier's marks, and between them by the clock.

A carrier plays what it is sent one after the other. It returns a mark when what was sent before it has been played; a
`clear` makes it drop the rest and return all marks at once, which then say nothing.
"""

from collections import deque
from dataclasses import dataclass
from uuid import uuid4

MARK_EVERY_S = 0.2
"""Seconds of audio between two marks: about a syllable. Each costs two small messages."""

ROUNDING_S = 1e-6
"""What sums of times are off by."""

SMOOTHING = 0.25
"""Weight of the latest mark in the carrier's delay: networks jitter, routes change rarely."""

OVERDUE_S = 2.0
"""A mark that is so late does not come any more: the carrier knows none, or lost it. Then the clock alone tells."""


@dataclass(frozen=True, slots=True)
class _Mark:
    name: str
    position: float
    due: float


class Playback:
    """One call's audio on its way to the caller. Every `now` is seconds on a monotonic clock."""

    def __init__(self) -> None:
        self.sent = 0.0
        """Seconds of audio sent since the call began, what was cleared included."""
        self._until = 0.0
        """When a carrier without delay would have played it."""
        self._delay = 0.0
        self._heard = 0.0
        """Seconds known to be played, or dropped."""
        self._marks: deque[_Mark] = deque()
        self._marked = 0.0
        """Seconds sent before the latest mark."""
        self._marks_work = False
        self._name, self._count = uuid4().hex[:8], 0

    def send(self, seconds: float, now: float) -> str | None:
        """So much audio is sent; the name of the mark to send behind it, if one is due."""
        self.sent += seconds
        self._until = max(self._until, now) + seconds
        if self.sent - self._marked < MARK_EVERY_S - ROUNDING_S:
            return None
        self._marked = self.sent
        self._count += 1
        name = f"{self._name}-{self._count}"
        self._marks.append(_Mark(name, self.sent, self._until))
        return name

    def returned(self, name: str, now: float) -> None:
        """The carrier returned a mark; one that was cleared, or another agent's, says nothing."""
        if all(mark.name != name for mark in self._marks):
            return
        while self._marks:
            mark = self._marks.popleft()
            if mark.name == name:
                late = max(0.0, now - mark.due)
                self._delay = self._delay + SMOOTHING * (late - self._delay) if self._marks_work else late
                self._heard, self._marks_work = max(self._heard, mark.position), True
                return

    def cleared(self, now: float) -> None:
        """The carrier is told to drop what it has not played."""
        self._heard = self._marked = self.sent
        self._until = min(self._until, now)
        self._marks.clear()

    def played(self, now: float) -> float:
        """Seconds of what was sent that the caller has heard by now."""
        by_clock = self.sent - max(0.0, self._until + self._delay - now)
        if self._marks and now - self._marks[0].due > OVERDUE_S:
            self._marks.clear()
            self._marks_work = False
        if self._marks and self._marks_work:
            by_clock = min(by_clock, self._marks[0].position)
        return max(self._heard, by_clock)
