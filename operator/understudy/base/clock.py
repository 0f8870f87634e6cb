"""The one module that reads the clock; everything else gets `now` as an argument or a `Clock`."""

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Wall time for what is stored or compared across machines, monotonic time for intervals."""

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never steps; only differences mean anything."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds on the machine's monotonic clock."""
        return time.monotonic()


@dataclass
class ManualClock:
    """A clock for tests: stands still until told to move."""

    at: float = 1_700_000_000.0

    def now(self) -> float:
        """Seconds since the Unix epoch, as last set."""
        return self.at

    def monotonic(self) -> float:
        """The same number: a test has one time."""
        return self.at

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`."""
        self.at += seconds
