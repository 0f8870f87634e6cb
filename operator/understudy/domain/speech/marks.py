"""Places in the caller's audio where a final is wanted: where the agent asked for one, and where the caller paused."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """One such place.

    Attributes:
        number: counts up within a call.
        position: samples from the start of the agent's socket; audio before it belongs to the final.
        agent: the agent asked.
    """

    number: int
    position: int
    agent: bool


class Marks:
    """Those not yet answered by a transcriber, in order: a new connection is asked again."""

    def __init__(self) -> None:
        self._pending: deque[Mark] = deque()
        self._count = 0
        self.last = 0
        """Position of the newest, pending or not."""

    def add(self, position: int, *, agent: bool) -> Mark:
        """A final is wanted of what came before `position`."""
        self._count += 1
        self.last = max(self.last, position)
        mark = Mark(self._count, position, agent)
        self._pending.append(mark)
        return mark

    def next(self, after: int) -> Mark | None:
        """The first pending mark with a number over `after`."""
        return next((mark for mark in self._pending if mark.number > after), None)

    @property
    def newest(self) -> Mark | None:
        """The last pending mark."""
        return self._pending[-1] if self._pending else None

    def answered(self, mark: Mark) -> None:
        """`mark`, and with it those before, were answered."""
        while self._pending and self._pending[0].number <= mark.number:
            self._pending.popleft()

    def drop(self, mark: Mark) -> None:
        """`mark` needs no answer of a transcriber."""
        if mark in self._pending:
            self._pending.remove(mark)
