"""One revision's deployments: which one a request goes to."""

import math
import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from understudy.domain.routing.pool.board import Board
from understudy.domain.routing.pool.deadline import Curve, plan
from understudy.domain.routing.pool.headroom import LOW, Bucket
from understudy.domain.routing.pool.knowledge import Entry, Knowledge
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.spending import Spending
from understudy.domain.routing.pool.step import Ask, Sample, Shot, Why
from understudy.domain.routing.pool.turn import Turn
from understudy.domain.routing.pool.warmth import size

LOOKED_AT = 6
"""Deployments at the head of the ranking that are weighed exactly; the rest are behind for a reason."""

NEAR = 0.03
"""Logarithm: those within 3 % of the fastest are as fast as it is, and share its load."""

HOP = 0.05
"""Logarithm: a call leaves its warm prompt for no less."""

CANDIDATES = 12
"""Deployments drawn for an exploration, of which the most promising one is taken: exact for small pools, flat for
large ones."""

DEEPEST = 64
"""Places of the ranking that are looked at for one that admits requests before every one is."""

USUAL_BUDGET_S = 1.0
USUAL_PRICE = 0.5
"""Budget and price for which the ranking is made; the cut of a request uses its own."""

OPTIMISM = 1.0
"""Standard deviations by which an unknown deployment is given the benefit of the doubt when exploring."""


@dataclass(frozen=True, slots=True)
class Target:
    """One deployment of a pool.

    Attributes:
        key: of its entry in `Knowledge`; deployments of several assistants that are the same have the same.
        name: what users call it.
        requests_per_minute: what its account allows; None: not known.
        tokens_per_minute: the same.
    """

    key: str
    name: str = ""
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


@dataclass(frozen=True, slots=True)
class Failover:
    """A request that was fired again elsewhere.

    Attributes:
        at: when, seconds.
        left: index of the target that was left.
        taken: index of the one that was taken.
        why: what it was left for.
        waited_s: how long it was waited for.
    """

    at: float
    left: int
    taken: int
    why: str
    waited_s: float


@dataclass(frozen=True, slots=True)
class Choice:
    """Where to, what for, and when to give up, in seconds from now."""

    target: int
    why: Why
    cut_s: float

    @property
    def exploring(self) -> bool:
        """Whether it is sent there to learn."""
        return self.why is Why.EXPLORE


@dataclass(slots=True)
class Counts:
    """What became of requests since the start."""

    turns: int = 0
    fired: int = 0
    explored: int = 0
    cut: int = 0
    hedged: int = 0
    retried: int = 0
    continued: int = 0
    tokens_cancelled: int = 0
    """Estimate of what requests that were given up are billed for; whoever does the I/O adds to it."""


class Pool:
    """The deployments of one revision's model, and the plan's models behind them.

    Args:
        settings: what the user set.
        targets: the pool, in the user's order, which decides between those nothing is known of.
        fallbacks: tried in order when the pool is out. Their indices follow those of the targets.
        knowledge: of all deployments; shared between pools.
        draw: chance, for sharing and exploring.
    """

    def __init__(
        self,
        settings: PoolSettings,
        targets: Sequence[Target],
        knowledge: Knowledge,
        draw: random.Random,
        fallbacks: Sequence[Target] = (),
    ) -> None:
        self.settings = settings
        self.targets = (*targets, *fallbacks)
        self.size = len(targets)
        self.knowledge = knowledge
        self.draw = draw
        self.spending = Spending(settings.extra_share)
        self.counts = Counts()
        self.asked = [0] * len(self.targets)
        """Requests by target."""
        self.budget_s = USUAL_BUDGET_S
        """Of the latest turn, in seconds."""
        self.failovers: deque[Failover] = deque(maxlen=20)
        self.entries = [self._entry(target) for target in self.targets]
        self._index = {target.key: index for index, target in enumerate(self.targets[: self.size])}
        first = self.entries[0].estimate
        self._reserve = Curve(first.x, first.noise, first.hang)
        self._board = Board([self._score(entry) + 1e-6 * at for at, entry in enumerate(self.entries[: self.size])])
        self._explore_credit = draw.random()
        for entry in self.entries[: self.size]:
            entry.boards.append(self._changed)

    def __contains__(self, key: str) -> bool:
        """Whether the deployment `key` is one of its targets."""
        return key in self._index or any(target.key == key for target in self.targets[self.size :])

    def close(self) -> None:
        """The revision is not held any more: learn nothing for it."""
        for entry in self.entries[: self.size]:
            entry.boards.remove(self._changed)

    def turn(self, ask: Ask) -> Turn:
        """A request on its way."""
        return Turn(self, ask)

    def headers(self, target: int, headers: Mapping[str, str], now: float) -> None:
        """What an answer said of its account's limits; names in lower case."""
        self.entries[target].headroom.headers(headers, now)

    def top(self, count: int) -> list[int]:
        """The best targets now, for warming connections."""
        return self._board.top(count)

    def ranking(self) -> list[int]:
        """Every target: the pool's by rank, then the fallbacks in order."""
        return [*self._board, *range(self.size, len(self.targets))]

    def first(self, ask: Ask, now: float) -> Choice:
        """Where a turn's first request goes."""
        self.budget_s = ask.budget_s
        if self.size > 1 and (found := self._exploration(ask, now)) is not None:
            return Choice(found, Why.EXPLORE, self.cut_s(found, ask, now, ask.budget_s))
        target, why = self._fastest(ask, now)
        return Choice(target, why, self.cut_s(target, ask, now, ask.budget_s))

    def following(self, ask: Ask, tried: Mapping[int, int], now: float) -> int | None:
        """The next best that was not tried and admits requests, then the fallbacks in order, then whatever is left."""
        for index in self._board.top(DEEPEST):
            if index not in tried and self._open(index, ask, now):
                return index
        if self.size > DEEPEST:
            for index in self._board:
                if index not in tried and self._open(index, ask, now):
                    return index
        for index in range(self.size, len(self.targets)):
            if index not in tried and self._open(index, ask, now):
                return index
        # When all are out, they are tried in order anyway.
        return next(
            (index for index in (*self._board, *range(self.size, len(self.targets))) if index not in tried), None
        )

    def cut_s(self, target: int, ask: Ask, now: float, budget_s: float) -> float:
        """Seconds to wait for `target` before the next is fired at."""
        outlook = self.entries[target].estimate.outlook(now)
        location = outlook.location + self._cold(ask, self.entries[target].key, now)
        noise = math.hypot(outlook.noise, outlook.spread)
        best = plan(Curve(location, noise, outlook.hang), self._second(target), budget_s, self.spending.price)
        return min(max(math.exp(location + best.z * noise), self.settings.floor_s), self.settings.ceiling_s)

    def expected_s(self, target: int, ask: Ask, now: float) -> float:
        """Median seconds to the first clause at `target`."""
        entry = self.entries[target]
        return math.exp(entry.estimate.outlook(now).location + self._cold(ask, entry.key, now))

    def cold_tokens(self, ask: Ask, key: str, now: float) -> int:
        """Tokens of the prompt that are not cached at `key`."""
        served = self.knowledge.warmth.of(ask.call, now)
        return max(0, ask.tokens - served.tokens.get(key, 0)) if served else ask.tokens

    def learn(self, sample: Sample) -> None:
        """One of this pool's shots taught something."""
        self.knowledge.took(sample, self.settings)

    def fired(self, target: int, ask: Ask, why: Why, now: float) -> None:
        """A request goes out."""
        entry = self.entries[target]
        entry.breaker.fired(now)
        entry.headroom.spend(ask.tokens, now)
        counts = self.counts
        self.asked[target] += 1
        counts.fired += 1
        counts.explored += why is Why.EXPLORE
        counts.cut += why is Why.CUT
        counts.hedged += why is Why.HEDGE
        counts.retried += why in (Why.RETRY, Why.FALLBACK)
        counts.continued += why is Why.CONTINUE

    def failed_over(self, left: Shot, taken: int, why: str, now: float) -> None:
        """`left` was given up for `taken`."""
        self.failovers.append(Failover(now, left.target, taken, why, now - left.at))

    def _entry(self, target: Target) -> Entry:
        entry = self.knowledge.entry(target.key)
        if target.requests_per_minute is not None and entry.headroom.requests is None:
            entry.headroom.requests = Bucket(target.requests_per_minute)
        if target.tokens_per_minute is not None and entry.headroom.tokens is None:
            entry.headroom.tokens = Bucket(target.tokens_per_minute)
        return entry

    def _fastest(self, ask: Ask, now: float) -> tuple[int, Why]:
        """The fastest, or one that is as fast; where the call's prompt is cached if leaving would not pay."""
        scored = [(self._score_now(index, now), index) for index in self._board.top(LOOKED_AT)]
        scored = [pair for pair in scored if self._open(pair[1], ask, now)]
        if not scored:
            found = self.following(ask, {}, now)
            return (found, Why.FASTEST) if found is not None else (0, Why.FASTEST)
        least = min(scored)[0]
        if (stay := self._stay(ask, least, now)) is not None:
            return stay, Why.STAY
        near = [index for score, index in scored if score <= least + NEAR]
        return self._share(near, ask, now), Why.FASTEST

    def _share(self, near: list[int], ask: Ask, now: float) -> int:
        """One of those that are equally fast; those with little headroom get less than their part."""
        if len(near) == 1:
            return near[0]
        weights = [min(1.0, self.entries[index].headroom.share(now, ask.tokens) / LOW) for index in near]
        pick = self.draw.random() * sum(weights)
        for index, weight in zip(near, weights, strict=True):
            pick -= weight
            if pick <= 0:
                return index
        return near[-1]

    def _stay(self, ask: Ask, least: float, now: float) -> int | None:
        served = self.knowledge.warmth.of(ask.call, now)
        index = self._index.get(served.latest) if served else None
        if served is None or index is None or not self._open(index, ask, now):
            return None
        exponent = self.knowledge.warmth.exponent
        warm = self._score_now(index, now) + exponent * size(max(0, ask.tokens - served.tokens[served.latest]))
        return index if warm <= least + exponent * size(ask.tokens) + HOP else None

    def _exploration(self, ask: Ask, now: float) -> int | None:
        """The most promising of some drawn at random when it is time to explore; None when none promises anything."""
        if self._explore_credit < 1.0:
            self._explore_credit += self.settings.explore_share
        if self._explore_credit < (1.0 if ask.first_turn else 3.0) or not ask.repeatable:
            return None
        best = self._board.top(1)[0]
        to_beat = self._promise(best, now, 0.0)
        drawn = self.draw.sample(range(self.size), min(CANDIDATES, self.size))
        promises = [(self._promise(index, now, OPTIMISM), index) for index in drawn if index != best]
        promise, found = min(promises, default=(math.inf, best))
        if promise >= to_beat or not self._open(found, ask, now):
            return None
        self._explore_credit -= 1.0 - 0.2 * (self.draw.random() - 0.5)
        return found

    def _promise(self, index: int, now: float, optimism: float) -> float:
        entry = self.entries[index]
        outlook = entry.estimate.outlook(now)
        return self._board.score(index) + (outlook.location - entry.estimate.x) - optimism * outlook.spread

    def _score_now(self, index: int, now: float) -> float:
        """The score with what the mean drifted since the last sample."""
        estimate = self.entries[index].estimate
        return self._board.score(index) + estimate.drift(now)

    def _score(self, entry: Entry) -> float:
        """Logarithm of the 95th percentile of turns that begin there."""
        estimate = entry.estimate
        noise = math.hypot(estimate.noise, 0.5 * math.sqrt(estimate.variance))
        best = plan(Curve(estimate.x, noise, estimate.hang), self._reserve, USUAL_BUDGET_S, USUAL_PRICE)
        return estimate.x + math.log(best.tail)

    def _changed(self, key: str) -> None:
        index = self._index[key]
        self._board.put(index, self._score(self.entries[index]))
        best = self.entries[self._board.top(1)[0]].estimate
        self._reserve = Curve(best.x, best.noise, best.hang)

    def _second(self, target: int) -> Curve:
        """What the next deployment after `target` would do."""
        head = self._board.top(2)
        index = next((index for index in head if index != target), target)
        estimate = self.entries[index].estimate
        return Curve(estimate.x, estimate.noise, estimate.hang)

    def _cold(self, ask: Ask, key: str, now: float) -> float:
        return self.knowledge.warmth.exponent * size(self.cold_tokens(ask, key, now)) if ask.tokens else 0.0

    def _open(self, index: int, ask: Ask, now: float) -> bool:
        entry = self.entries[index]
        return entry.breaker.admits(now) and entry.headroom.share(now, ask.tokens) > 0.0
