"""What mirrored turns know of deployments, and what they may teach.

Callers are served by what the process knows of stable's deployments, so a mirror must not change it: deployments that
stable uses, too, are known twice. What only the canary uses is learned for good, so that its pool is warm when callers
come. Requests spend from the accounts' real limits, because that is what they do.
"""

import random
from collections.abc import Collection

from understudy.domain.routing.pool.headroom import Bucket
from understudy.domain.routing.pool.knowledge import Entry, Knowledge
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.step import Failure, Sample

SPARE = 0.5
"""Share of an account's limit that mirrors leave to callers: half of a burst's worth is five seconds of the limit."""

REFUSED_S = 30.0
"""Least pause of all mirrors after a provider said that it is full."""


class MirrorKnowledge(Knowledge):
    """Knowledge for a pool of mirrored turns.

    Args:
        real: what callers are served by.
        taken: keys of stable's deployments.
        draw: chance.

    Attributes:
        paused_until: nothing is to be mirrored before, in seconds; 0 while no provider said that it is full.
    """

    def __init__(self, real: Knowledge, taken: Collection[str], draw: random.Random) -> None:
        super().__init__(draw)
        self.paused_until = 0.0
        self.soon = real.soon
        self.on_sample = self._share
        self._real = real
        self._taken = frozenset(taken)

    def entry(self, key: str) -> Entry:
        """The deployment `key`: a second one of stable's."""
        return super().entry(key) if key in self._taken else self._real.entry(key)

    def bucket(self, name: str, per_minute: float) -> Bucket:
        """The account's own: there is no other limit."""
        return self._real.bucket(name, per_minute)

    def learn(self, sample: Sample, settings: PoolSettings) -> None:
        """As of any request, but for one that was too much: it says nothing of how the canary serves callers."""
        if sample.failure is Failure.RATE_LIMITED:
            self.paused_until = max(self.paused_until, sample.at + max(REFUSED_S, sample.retry_after_s or 0.0))
            self.entry(sample.key).breaker.withdrawn()
            return
        super().learn(sample, settings)

    def spare(self, keys: Collection[str], tokens: int, now: float) -> bool:
        """Whether a request of `tokens` leaves enough to callers, wherever of `keys` it goes."""
        if now < self.paused_until:
            return False
        entries = [entry for key in keys for entry in (self.entry(key), self._real.entry(key))]
        return all(entry.headroom.share(now, tokens) >= SPARE for entry in entries)

    def _share(self, sample: Sample) -> None:
        """Tell other replicas of what the canary alone uses."""
        told = self._real.on_sample
        if told is not None and sample.key not in self._taken and sample.failure is not Failure.RATE_LIMITED:
            told(sample)
