"""Finished calls of one assistant, kept until the operator has read them."""

from collections import deque

from understudy.domain.calls.observation import MAX_BUFFERED, CallObservation

PAGE = 500
"""Observations in one answer: about 1 MB at twenty turns a call, which the operator reads in one breath."""


class Finished:
    """A bounded buffer of observations, numbered from 1 in the order in which calls ended."""

    def __init__(self, limit: int = MAX_BUFFERED) -> None:
        self._kept: deque[CallObservation] = deque(maxlen=limit)
        self.last = 0
        """Number of the newest observation."""
        self.read = 0
        """The highest number a reader said it has."""

    def add(self, observation: CallObservation, recorded_at: float) -> CallObservation:
        """Number and keep `observation`; the oldest makes room. Returns it as kept."""
        self.last += 1
        kept = observation.model_copy(update={"seq": self.last, "recorded_at": recorded_at})
        self._kept.append(kept)
        return kept

    def since(self, after: int) -> tuple[CallObservation, ...]:
        """Those past `after`, oldest first, at most `PAGE`; all of them when `after` is a number we never gave.

        Such a number is from before a restart of this process: the reader has none of these.
        """
        skip = max(0, self._position(after) - self.lost_before)
        return tuple(self._kept[index] for index in range(skip, min(len(self._kept), skip + PAGE)))

    def acknowledge(self, after: int) -> None:
        """The reader says that it has everything up to `after`."""
        self.read = max(self.read, self._position(after))

    def has_more(self, after: int) -> bool:
        """Whether `since(after)` would return any, or `after` is from another life of this process."""
        return self._position(after) < self.last or after > self.last

    @property
    def lost_before(self) -> int:
        """Observations up to this number were discarded (read or not)."""
        return self.last - len(self._kept)

    @property
    def unread(self) -> int:
        """How many nobody has read."""
        return self.last - max(self.read, self.lost_before)

    def _position(self, after: int) -> int:
        return after if 0 <= after <= self.last else 0
