"""Deployments in the order in which a turn should be given to them.

What counts is the chance that a turn which begins there misses the pool's aim. It is computed for what a deployment was
last believed to be and for what it is out of habit; between the two it moves along a straight line as time passes, so
that a choice costs a few multiplications for each of the few deployments at the head, however many there are.
"""

import math
from collections.abc import Iterator, Sequence

from understudy.domain.routing.pool.aim import Aim
from understudy.domain.routing.pool.board import Board
from understudy.domain.routing.pool.estimate import REGIME_S
from understudy.domain.routing.pool.knowledge import Entry
from understudy.domain.routing.pool.levels import LOG_MEDIANS, Vector, later

SOONER = 0.65
"""Part of the aim at which deployments are compared as well, so that the faster of two safe ones is taken."""

SOONER_COUNTS = 0.15
"""What missing that counts."""

SLOWER_COUNTS = 0.02
"""What a logarithm of the median counts, so that there is an order where every deployment misses the aim."""

FIRST_COUNTS = 1e-6
"""What a place in the user's order counts: it decides where nothing else does."""

COLD_MEMORY = 50.0
"""Turns over which the usual cost of a cold prompt is averaged."""


class Ranking:
    """Of one pool's deployments, best first.

    Attributes:
        aim: what they are compared at.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.aim = Aim()
        self._entries = entries
        self._cold = 0.0
        self._lines = [self._line(entry) for entry in entries]
        self._board = Board([line[0] + FIRST_COUNTS * index for index, line in enumerate(self._lines)])
        self._next = 0

    def __iter__(self) -> Iterator[int]:
        """Indices, best first."""
        return iter(self._board)

    def top(self, count: int) -> list[int]:
        """The best `count`."""
        return self._board.top(count)

    def refresh(self, index: int) -> None:
        """Something was learned of `index`; another one is looked at anew with it, as the aim moves for all."""
        self._next = (self._next + 1) % len(self._entries)
        for each in {index, self._next}:  # which may be one
            self._lines[each] = self._line(self._entries[each])
            self._board.put(each, self._lines[each][0] + FIRST_COUNTS * each)

    def head(self, count: int, now: float) -> list[tuple[float, int]]:
        """The best `count` at `now`, with how much is to be said against each: about its chance to miss the aim."""
        found = []
        for index in self._board.top(count):
            seen, habit, at = self._lines[index]
            kept = math.exp((at - now) / REGIME_S)
            found.append((habit + kept * (seen - habit), index))
        found.sort()
        return found

    def took_cold(self, cold: float) -> None:
        """A turn's prompt was cold by this logarithm."""
        self._cold += (cold - self._cold) / COLD_MEMORY

    def miss(self, index: int, left_s: float, now: float, cold: float) -> float:
        """Chance that `index` takes longer than `left_s`, with a prompt that costs the logarithm `cold`."""
        estimate = self._entries[index].estimate
        hang = estimate.hang
        late = later(math.log(max(left_s, 1e-3)) - cold, estimate.noise)
        return hang + (1.0 - hang) * float(estimate.expected(now) @ late)

    def against(self, index: int, left_s: float, now: float, cold: float) -> float:
        """As `score`, for another time than the aim and for this very prompt."""
        slower = SLOWER_COUNTS * self._entries[index].estimate.outlook(now).location
        return (
            self.miss(index, left_s, now, cold) + SOONER_COUNTS * self.miss(index, SOONER * left_s, now, cold) + slower
        )

    def _line(self, entry: Entry) -> tuple[float, float, float]:
        """The score for the belief, the score for the habits, and when it was believed."""
        estimate, log_aim = entry.estimate, math.log(self.aim.seconds) - self._cold
        hang, noise = estimate.hang, estimate.noise
        cost = later(log_aim, noise) + SOONER_COUNTS * later(log_aim + math.log(SOONER), noise)
        weights: Vector = (1.0 - hang) * cost + SLOWER_COUNTS * LOG_MEDIANS
        always = (1.0 + SOONER_COUNTS) * hang
        at = estimate.at if estimate.at is not None else -math.inf
        return always + float(estimate.belief @ weights), always + float(estimate.habits @ weights), at
