"""One revision's deployments: which one a request goes to."""

import math
import random
from collections import deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from understudy.domain.routing.pool.deadline import Curve, cut_s
from understudy.domain.routing.pool.exploring import Exploring
from understudy.domain.routing.pool.headroom import LOW
from understudy.domain.routing.pool.knowledge import Entry, Knowledge
from understudy.domain.routing.pool.ranking import Ranking
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.spending import Spending
from understudy.domain.routing.pool.step import Ask, Sample, Shot, Why
from understudy.domain.routing.pool.turn import Turn
from understudy.domain.routing.pool.warmth import size

LOOKED_AT = 5
"""Deployments at the head of the ranking that are weighed exactly; the rest are behind for a reason."""

POOL_TRIES = 4
"""Requests of one turn at the pool before the plan's models get theirs: a whole pool may be out at once."""

LOOKED_AT_NEXT = 12
"""The same for a turn that has lost time already: what is best for the rest of it may be further down."""

NEAR = 0.004
"""Chance to miss the aim by which deployments may differ and still share the load."""

HOP = 0.01
"""Chance to miss the aim for less than which a call does not leave its warm prompt: a hop costs money as well."""

ASKED_BEFORE = 0.3
"""Chance to miss that a deployment which was cut in this turn has to make up for: about one hang in three is the
beginning of an outage, and then it hangs again."""

USUAL_BUDGET_S = 1.0
"""Budget assumed before a turn has told its own."""

LEAST_BUDGET_S = 0.3
"""The aim is kept below the budget, and a turn whose budget is all but gone says nothing about it."""

UNPROBED_S = 60.0
"""After its ejection a deployment waits so long for an exploration; where few calls come, a caller's request is the
probe then."""

KEPT_S = 1.0
"""How long a cut is used again: a second's drift moves it by less than it is rounded."""

USUALLY = 1.28
"""Standard deviations of the logarithm under which nine answers in ten lie."""

LEAST_REST = 0.25
"""Part of the aim that a turn which is about to miss it is still given when the next deployment is chosen."""


@dataclass(frozen=True, slots=True)
class Target:
    """One deployment of a pool.

    Attributes:
        key: of its entry in `Knowledge`; deployments of several assistants that are the same have the same.
        name: what users call it.
        requests_per_minute: what its account allows; None: not known.
        tokens_per_minute: the same.
        account: whose limits these are; deployments of one account share them. Empty: its own.
    """

    key: str
    name: str = ""
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    account: str = ""


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


class Choice(NamedTuple):
    """Where to, what for, and when to give up, in seconds from now."""

    target: int
    why: Why
    cut_s: float


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
        self._ranked = Ranking(self.entries[: self.size])
        self._cuts: dict[int, tuple[float, tuple[int, float], float]] = {}
        self._exploring = Exploring(settings.explore_share, self.entries[: self.size], draw)
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
        return self._ranked.top(count)

    def ranking(self) -> list[int]:
        """Every target: the pool's by rank, then the fallbacks in order."""
        return [*self._ranked, *range(self.size, len(self.targets))]

    def first(self, ask: Ask, now: float) -> Choice:
        """Where a turn's first request goes."""
        self.budget_s = ask.budget_s
        target, why = self._fastest(ask, now)
        return Choice(target, why, self._first_cut_s(target, ask, now))

    def exploration(self, ask: Ask, beside: int, now: float) -> Choice | None:
        """A request to fire beside the first one, to learn; None: none this time."""
        if self.size == 1 or not ask.repeatable or not self.spending.may_explore():
            return None
        found = self._exploring.next(beside, now, first_turn=ask.first_turn)
        # By the end of the budget it is known not to be the one that the next turn wants.
        return None if found is None else Choice(found, Why.EXPLORE, min(ask.budget_s, self.settings.ceiling_s))

    def following(
        self, ask: Ask, tried: Mapping[int, int], again: AbstractSet[int], lost_s: float, now: float
    ) -> int | None:
        """Where the next request goes of a turn that has lost `lost_s` so far.

        `tried`: how often each target was asked in this turn; `again`: those of them that may be asked once more.
        """
        pool = self.size and sum(count for index, count in tried.items() if index < self.size)
        found = None
        if pool < POOL_TRIES or len(self.targets) == self.size:
            found = self._best_next(ask, tried, again, lost_s, now)
        if found is None:
            found = next(
                (i for i in range(self.size, len(self.targets)) if i not in tried and self._open(i, ask, now)), None
            )
        if found is None:
            found = self._best_next(ask, tried, again, lost_s, now)
        # When all are out, they are tried in order anyway.
        return found if found is not None else next((index for index in self.ranking() if index not in tried), None)

    def _best_next(
        self, ask: Ask, tried: Mapping[int, int], again: AbstractSet[int], lost_s: float, now: float
    ) -> int | None:
        left_s = self._left_s(ask, lost_s)
        may = [
            i for i in self._ranked.top(LOOKED_AT_NEXT) if (i not in tried or i in again) and self._open(i, ask, now)
        ]
        if not may:
            deeper = (i for i in self._ranked if i not in tried and self._open(i, ask, now))
            return next(deeper, None)
        return min(may, key=lambda i: self._against(i, ask, left_s, now) + (ASKED_BEFORE if i in tried else 0.0))

    def cut_s(self, target: int, ask: Ask, now: float, lost_s: float) -> float:
        """Seconds to wait for `target` before the next is fired at, in a turn that has lost `lost_s` so far."""
        entry = self.entries[target]
        outlook = entry.estimate.outlook(now)
        location = outlook.location + self._cold(ask, entry.key, now)
        first = Curve(location, math.hypot(outlook.noise, outlook.spread), outlook.hang)
        aim, budget, gone = self._ranked.aim.seconds, ask.budget_s, False
        if lost_s and budget - lost_s < 2.0 * aim:
            gone, lost_s, budget = True, 0.0, 2.0 * aim  # nothing can be kept any more but the wait short
        second = self._second(target, now)
        seconds = cut_s(first, second, aim - lost_s, budget - lost_s, self.spending.price)
        # However dear requests are: no caller waits past the budget for one, while the next is likely to answer sooner.
        seconds = min(seconds, max(budget - lost_s, math.exp(second.location + USUALLY * second.noise)))
        if gone:
            seconds = min(seconds, 2.0 * aim)
        return min(max(seconds, self.settings.floor_s), self.settings.ceiling_s)

    def expected_s(self, target: int, ask: Ask, now: float) -> float:
        """Median seconds to the first clause at `target`."""
        entry = self.entries[target]
        return math.exp(entry.estimate.outlook(now).location + self._cold(ask, entry.key, now))

    def cold_tokens(self, ask: Ask, key: str, now: float) -> int:
        """Tokens of the prompt that are not cached at `key`."""
        served = self.knowledge.warmth.of(ask.call, now)
        return max(0, ask.tokens - served.cached(key, now)) if served else ask.tokens

    def learn(self, sample: Sample) -> None:
        """One of this pool's shots taught something."""
        self.knowledge.took(sample, self.settings)

    def learn_soon(self, sample: Sample) -> None:
        """As `learn`, when what was brought has been passed on."""
        self.knowledge.took_soon(sample, self.settings)

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
        account = target.account or target.key
        if target.requests_per_minute is not None:
            entry.headroom.requests = self.knowledge.bucket(f"{account} requests", target.requests_per_minute)
        if target.tokens_per_minute is not None:
            entry.headroom.tokens = self.knowledge.bucket(f"{account} tokens", target.tokens_per_minute)
        return entry

    def _fastest(self, ask: Ask, now: float) -> tuple[int, Why]:
        """The fastest, or one that is as fast; where the call's prompt is cached if leaving would not pay."""
        scored = self._ranked.head(LOOKED_AT, now)
        found = next(((score, i) for score, i in scored if self._closed(i, ask, now)), None)
        if found is None:
            index = self.following(ask, {}, frozenset(), 0.0, now)
            return (index if index is not None else 0), Why.FASTEST
        least, best = found
        if ask.call and (stay := self._stay(ask, best, now)) is not None:
            return stay, Why.STAY
        near = [i for score, i in scored if least <= score <= least + NEAR and (i == best or self._closed(i, ask, now))]
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

    def _stay(self, ask: Ask, best: int, now: float) -> int | None:
        """The deployment that has the call's prompt, unless the best is worth leaving it for."""
        served = self.knowledge.warmth.of(ask.call, now)
        index = self._index.get(served.latest) if served else None
        if index is None or index == best:
            return index
        if not self._closed(index, ask, now):
            return None
        left_s = self._left_s(ask, 0.0)
        return index if self._against(index, ask, left_s, now) <= self._against(best, ask, left_s, now) + HOP else None

    def _against(self, index: int, ask: Ask, left_s: float, now: float) -> float:
        return self._ranked.against(index, left_s, now, self._cold(ask, self.entries[index].key, now))

    def _left_s(self, ask: Ask, lost_s: float) -> float:
        """What a turn has left: until it misses the aim, and when it has, until it is over its budget."""
        aim = self._ranked.aim.seconds
        if lost_s < aim:
            return max(aim - lost_s, LEAST_REST * aim)
        return ask.budget_s - lost_s if ask.budget_s - lost_s > LEAST_REST * aim else aim

    def _first_cut_s(self, target: int, ask: Ask, now: float) -> float:
        """As `cut_s` for a turn that begins; kept for a moment, as it does not change between two samples."""
        kept = self._cuts.get(target)
        key = (self.cold_tokens(ask, self.entries[target].key, now) // 256, round(ask.budget_s, 1))
        if kept is None or now - kept[0] > KEPT_S or kept[1] != key:
            kept = self._cuts[target] = (now, key, self.cut_s(target, ask, now, 0.0))
        return kept[2]

    def _changed(self, key: str) -> None:
        index = self._index[key]
        self._ranked.refresh(index)
        self._cuts.pop(index, None)

    def _second(self, target: int, now: float) -> Curve:
        """What the next deployment after `target` would do; the same once more where there is no other."""
        index = next((index for index in self._ranked.top(2) if index != target), target)
        outlook = self.entries[index].estimate.outlook(now)
        return Curve(outlook.location, math.hypot(outlook.noise, outlook.spread), outlook.hang)

    def _cold(self, ask: Ask, key: str, now: float) -> float:
        return self.knowledge.warmth.exponent * size(self.cold_tokens(ask, key, now)) if ask.tokens else 0.0

    def late(self, lost_s: float) -> bool:
        """Whether a turn that has lost so much misses the aim whatever it does."""
        return lost_s >= self._ranked.aim.seconds

    def ended(self, extra: int, taken_s: float | None, ask: Ask) -> None:
        """A turn is over that needed `extra` requests beside its first; None: its first clause never came."""
        self.counts.turns += 1
        self.spending.turn(extra)
        if taken_s is not None:
            self._ranked.aim.turn(taken_s, max(ask.budget_s, LEAST_BUDGET_S))

    def _closed(self, index: int, ask: Ask, now: float) -> bool:
        """Whether a caller may be sent there: what was ejected is let in by exploration first, if one comes soon."""
        entry = self.entries[index]
        ejected_until = entry.breaker.open_until
        if ejected_until and self.settings.explore_share and now < ejected_until + UNPROBED_S:
            return False
        return entry.breaker.admits(now) and entry.headroom.share(now, ask.tokens) > 0.0

    def _open(self, index: int, ask: Ask, now: float) -> bool:
        entry = self.entries[index]
        return entry.breaker.admits(now) and entry.headroom.share(now, ask.tokens) > 0.0
