"""Ejecting a deployment that fails, and letting it back in by one probe at a time.

Closed → open after failures in a row, or when most of at least `MIN_VOLUME` recent requests failed → half-open when the
ejection is over: one request at a time probes it → closed after a success, open for twice as long after a failure.
Ejections are jittered so that replicas do not come back at once, and capped.
"""

import random
from dataclasses import dataclass
from enum import StrEnum

from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.step import Failure

MIN_VOLUME = 10.0
"""Requests, decayed, before a rate of failures means anything."""

MOST_FAILING = 0.5
"""Rate of failures that ejects."""

VOLUME_MEMORY = 20.0
"""Requests over which the rate is averaged."""

RATE_LIMIT_S = 5.0
"""Pause after a 429 that names none: providers refill their buckets within seconds."""

LONGEST_RATE_LIMIT_S = 120.0
"""A provider that asks for more is asked again sooner: limits are by the minute."""

AUTH_S = 300.0
"""How long a refused key is left alone when nothing is heard of a new one."""

JITTER = 0.2
"""Ejections last up to this share longer."""

PROBE_S = 10.0
"""After this a probe that was never heard of again is forgotten."""


class State(StrEnum):
    """Of a breaker."""

    CLOSED = "Closed"
    OPEN = "Open"
    HALF_OPEN = "HalfOpen"


@dataclass(slots=True)
class Breaker:
    """One deployment's.

    Attributes:
        open_until: end of the ejection, seconds; 0 while closed.
        reason: what it was ejected for: `failures`, `rate`, `rate_limited`, `auth`.
    """

    in_a_row: int = 0
    failing: float = 0.0
    volume: float = 0.0
    open_until: float = 0.0
    reason: str = ""
    ejections: int = 0
    probing_since: float | None = None

    def state(self, now: float) -> State:
        """What it is at `now`."""
        if not self.open_until:
            return State.CLOSED
        return State.OPEN if now < self.open_until else State.HALF_OPEN

    def admits(self, now: float) -> bool:
        """Whether a request may go there: always when closed, one at a time when half-open."""
        if not self.open_until:
            return True
        if now < self.open_until:
            return False
        return self.probing_since is None or now - self.probing_since > PROBE_S

    def fired(self, now: float) -> None:
        """A request went there."""
        if self.open_until:
            self.probing_since = now

    def withdrawn(self) -> None:
        """A request was cancelled before anything could be learned from it."""
        self.probing_since = None

    def succeeded(self, now: float) -> None:
        """It answered; what was on its way when a 429 came does not end the pause that it asked for."""
        self._count(0.0)
        self.in_a_row = 0
        self.ejections = 0
        self.probing_since = None
        if now < self.open_until and self.reason == Failure.RATE_LIMITED.value:
            return
        self.open_until = 0.0
        self.reason = ""

    def failed(
        self, failure: Failure, now: float, settings: PoolSettings, draw: random.Random, retry_after_s: float | None
    ) -> bool:
        """It failed; whether that ejected it."""
        self.probing_since = None
        if failure is Failure.REQUEST:
            return False
        if failure is Failure.RATE_LIMITED:
            pause = min(retry_after_s if retry_after_s is not None else RATE_LIMIT_S, LONGEST_RATE_LIMIT_S)
            return self._open(now + pause, failure.value)
        if failure is Failure.AUTH:
            return self._open(now + AUTH_S, failure.value)
        self._count(1.0)
        self.in_a_row += 1
        if self.state(now) is State.OPEN:
            return False  # it was out already: many calls notice one outage
        half_open = self.open_until > 0
        rate = self.volume >= MIN_VOLUME and self.failing > MOST_FAILING * self.volume
        if not half_open and self.in_a_row < settings.breaker_failures and not rate:
            return False
        lasts = min(settings.breaker_open_s * 2.0**self.ejections, settings.breaker_longest_s)
        self.ejections += 1
        return self._open(now + lasts * (1.0 + JITTER * draw.random()), "failures" if not rate else "rate")

    def reset(self) -> None:
        """Let it in again at once: its Secret changed."""
        self.open_until = 0.0
        self.reason = ""
        self.ejections = self.in_a_row = 0

    def _open(self, until: float, reason: str) -> bool:
        self.open_until = max(self.open_until, until)
        self.reason = reason
        return True

    def _count(self, failed: float) -> None:
        kept = 1.0 - 1.0 / VOLUME_MEMORY
        self.failing = self.failing * kept + failed
        self.volume = self.volume * kept + 1.0
