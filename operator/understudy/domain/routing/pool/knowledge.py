"""What a proxy knows of every deployment it talks to, whichever assistant or revision talks to it."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from understudy.domain.routing.pool.breaker import Breaker
from understudy.domain.routing.pool.estimate import Commons, Estimate
from understudy.domain.routing.pool.gaps import Gaps
from understudy.domain.routing.pool.headroom import Bucket, Headroom
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.step import Failure, Sample
from understudy.domain.routing.pool.warmth import Warmth, size

LEAST_S = 0.001
"""Seconds; shorter times are a clock's error."""

APART_S = 0.005
"""Proper answers of one deployment that are closer together are one look at it: its level does not move meanwhile, and
with hundreds a second learning from each would cost more than all else that is done for a request."""


@dataclass(slots=True)
class Entry:
    """One deployment."""

    key: str
    estimate: Estimate
    breaker: Breaker = field(default_factory=Breaker)
    headroom: Headroom = field(default_factory=Headroom)
    gaps: Gaps = field(default_factory=Gaps)
    boards: list[Callable[[str], None]] = field(default_factory=list)
    """Called with the key when something changed."""


class Knowledge:
    """All deployments.

    Attributes:
        warmth: prompt caches.
        on_sample: called with every sample of our own, for those who share them.
        soon: calls a function of no arguments when nobody waits; at once, unless whoever has an event loop sets it.
    """

    def __init__(self, draw: random.Random) -> None:
        self.warmth = Warmth()
        self.on_sample: Callable[[Sample], None] | None = None
        self.soon: Callable[[Callable[[], None]], object] = _at_once
        self._entries: dict[str, Entry] = {}
        self._buckets: dict[str, Bucket] = {}
        self._commons = Commons()
        self._draw = draw

    def entry(self, key: str) -> Entry:
        """The deployment `key`; made up from what all have in common when it is new."""
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = Entry(key, Estimate(self._commons))
        return entry

    def bucket(self, name: str, per_minute: float) -> Bucket:
        """What is left of a limit that several deployments may share; a changed limit begins anew."""
        bucket = self._buckets.get(name)
        if bucket is None or bucket.per_minute != per_minute:
            bucket = self._buckets[name] = Bucket(per_minute)
        return bucket

    def took(self, sample: Sample, settings: PoolSettings) -> None:
        """Learn from a shot of our own, and tell those who share."""
        self.learn(sample, settings)
        if self.on_sample is not None:
            self.on_sample(sample)

    def took_soon(self, sample: Sample, settings: PoolSettings) -> None:
        """As `took`, but not before what the sample brought has been passed on: the caller waits for that."""
        if self.on_sample is None and self._is_known(self.entry(sample.key), sample):
            return
        self.soon(partial(self.took, sample, settings))

    def learn(self, sample: Sample, settings: PoolSettings) -> None:
        """Learn from a shot, of our own or of another replica; `sample.at` is on our clock."""
        entry = self.entry(sample.key)
        if self._is_known(entry, sample):
            return
        if sample.failure is not None:
            self._failed(entry, sample, sample.failure, settings)
        elif sample.seconds is not None:
            self._timed(entry, sample, sample.seconds, settings)
        for changed in entry.boards:
            changed(entry.key)

    @staticmethod
    def _is_known(entry: Entry, sample: Sample) -> bool:
        """Whether the sample is an answer's time like one that was learned just now; it is counted then."""
        proper = sample.failure is None and sample.seconds is not None and not sample.censored
        if not proper or not entry.estimate.looked_at(sample.at, APART_S):
            return False
        entry.estimate.answered()
        entry.breaker.succeeded(sample.at)
        return True

    def _failed(self, entry: Entry, sample: Sample, failure: Failure, settings: PoolSettings) -> None:
        entry.breaker.failed(failure, sample.at, settings, self._draw, sample.retry_after_s)
        if failure is Failure.RATE_LIMITED:
            entry.headroom.refused(sample.at)
        elif failure is not Failure.REQUEST:
            entry.estimate.failed(sample.at)

    def _timed(self, entry: Entry, sample: Sample, taken_s: float, settings: PoolSettings) -> None:
        cold = self.warmth.exponent * size(sample.cold_tokens)
        value = math.log(max(taken_s, LEAST_S)) - cold
        if sample.censored:
            entry.estimate.waited(value, sample.at)
            # The first of a row may be the tail or a single hang; the deadline has grown before the next ones.
            if entry.estimate.streak > 1:
                entry.breaker.failed(Failure.BROKE, sample.at, settings, self._draw, None)
            entry.breaker.withdrawn()
            return
        if entry.estimate.samples:
            outlook = entry.estimate.outlook(sample.at)
            noise2 = outlook.noise**2 + outlook.spread**2
            self.warmth.learn(value - outlook.location, sample.cold_tokens, noise2)
        entry.estimate.took(value, sample.at)
        entry.breaker.succeeded(sample.at)


def _at_once(work: Callable[[], None]) -> None:
    work()
