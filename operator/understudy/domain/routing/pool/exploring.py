"""When a deployment is asked for what can be learned of it, and which one.

An exploration is fired beside the request that the turn is for, never in its place: the caller waits for neither, and
takes whichever comes first. It costs a request, so it is a configured share, and none while cuts need what there is.
"""

import random
from collections.abc import Sequence

import numpy as np

from understudy.domain.routing.pool.breaker import State
from understudy.domain.routing.pool.knowledge import Entry
from understudy.domain.routing.pool.levels import LOG_MEDIANS

CANDIDATES = 12
"""Deployments drawn for an exploration, of which the most promising one is taken: exact for small pools, flat for
large ones."""

SEEN_LATELY = 0.02
"""What is to be learned of a deployment that was seen just now, as a part of what there is after minutes."""

FIRST_LOOKS = 64
"""Deployments of a new pool that are each asked once at the start; of more than these, exploration finds the best."""

FIRST_LOOK_EVERY = 2
"""Turns from one first look to the next."""

WARM_PATIENCE = 3.0
"""Explorations that are saved up before one is made in mid-call, where it has a whole dialogue to read."""

MOST_CREDIT = 3.0
"""Explorations that can be saved up: after a quiet time there is no burst."""


class Exploring:
    """Of one pool."""

    def __init__(self, share: float, entries: Sequence[Entry], draw: random.Random) -> None:
        self._share = share
        self._entries = entries
        self._draw = draw
        self._credit = draw.random()
        unseen = [index for index, entry in enumerate(entries) if entry.estimate.at is None]
        self._unseen = draw.sample(unseen, min(FIRST_LOOKS, len(unseen))) if share else []

    def next(self, beside: int, now: float, *, first_turn: bool) -> int | None:
        """The deployment to explore with this turn, whose request goes to `beside`; None: none.

        Explored on first turns where there are any: the prompt is shortest then, and no cache is lost.
        """
        self._credit = min(self._credit + self._share, MOST_CREDIT)
        if self._unseen and (found := self._first_look(beside, now)) is not None:
            return found
        if self._credit < (1.0 if first_turn else WARM_PATIENCE):
            return None
        found = self._promising(beside, now)
        if found is not None:
            # Replicas that started together do not explore together.
            self._credit -= 1.0 + 0.2 * (self._draw.random() - 0.5)
        return found

    def _first_look(self, beside: int, now: float) -> int | None:
        if self._draw.randrange(FIRST_LOOK_EVERY):
            return None
        while self._unseen:
            index = self._unseen.pop()
            if index != beside and self._entries[index].estimate.at is None and self._admits(index, now):
                return index
        return None

    def _promising(self, beside: int, now: float) -> int | None:
        """The one from which most is to be gained: how much faster it may be, if it was not seen lately."""
        drawn = self._draw.sample(range(len(self._entries)), min(CANDIDATES, len(self._entries)))
        to_beat = self._entries[beside].estimate.outlook(now).location
        gain = np.maximum(0.0, to_beat - LOG_MEDIANS)
        best, found = 0.0, None
        for index in drawn:
            if index == beside or not self._admits(index, now):
                continue
            estimate = self._entries[index].estimate
            promise = float(estimate.expected(now) @ gain) * (SEEN_LATELY + 1.0 - estimate.kept(now))
            if self._entries[index].breaker.state(now) is State.HALF_OPEN:
                promise += 1.0  # whether it is well again is worth knowing first
            if promise > best:
                best, found = promise, index
        return found

    def _admits(self, index: int, now: float) -> bool:
        entry = self._entries[index]
        return entry.breaker.admits(now) and entry.headroom.share(now) > 0.0
