"""A pool at one moment, as people see it."""

import math
from collections.abc import Iterator

from understudy.domain.routing.pool.breaker import State
from understudy.domain.routing.pool.pool import Counts, Failover, Pool
from understudy.domain.routing.pool.step import Ask
from understudy.domain.routing.pool.view import BreakerView, DeploymentView, FailoverView, PoolView

MS = 1000.0
"""In a second."""


def show(pool: Pool, now: float, most: int | None = None) -> PoolView:
    """What `pool` would do with a request like the latest one.

    Args:
        pool: the pool.
        now: seconds, on the pool's clock, as are all times in the answer.
        most: deployments shown: of a larger pool those that were asked the most, and those that are ejected; None: all.
    """
    return totals(pool, now).model_copy(update={"deployments": tuple(deployments(pool, now, most))})


def totals(pool: Pool, now: float) -> PoolView:
    """As `show`, without the deployments: cheap however large the pool is."""
    counts, settings = pool.counts, pool.settings
    return PoolView(
        at=now,
        explore_share_spent=_share(counts.explored, counts.turns),
        explore_share=settings.explore_share,
        extra_share_spent=_share(_extra(counts), counts.turns),
        extra_share=settings.extra_share,
        requests=counts.turns,
        fired=counts.fired,
        explored=counts.explored,
        cut=counts.cut,
        hedged=counts.hedged,
        retried=counts.retried,
        continued=counts.continued,
        tokens_cancelled_estimated=counts.tokens_cancelled,
        failovers=tuple(_failover(pool, failover) for failover in pool.failovers),
    )


def deployments(pool: Pool, now: float, most: int | None = None) -> Iterator[DeploymentView]:
    """As in `show`, one by one: each costs some ten microseconds, so whoever shows thousands may pause in between."""
    ranked = list(enumerate(pool.ranking(), start=1))
    if most is not None and len(ranked) > most:
        kept = set(sorted(range(len(ranked)), key=lambda index: -pool.asked[index])[:most])
        ranked = [pair for pair in ranked if pair[1] in kept or not pool.entries[pair[1]].breaker.admits(now)]
    for rank, index in ranked:
        yield _deployment(pool, index, rank, now)


def _deployment(pool: Pool, index: int, rank: int, now: float) -> DeploymentView:
    estimate, target = pool.entries[index].estimate, pool.targets[index]
    outlook = estimate.outlook(now)
    expected_s = math.exp(outlook.location)
    asked = pool.asked[index]
    like_latest = Ask(budget_s=pool.budget_s)  # of no call: nothing is cached for it, and its prompt is not counted
    return DeploymentView(
        name=target.name,
        rank=rank,
        fallback=index >= pool.size,
        expected_ms=expected_s * MS,
        deviation_ms=expected_s * math.expm1(math.hypot(outlook.noise, outlook.spread)) * MS,
        hang_share=outlook.hang,
        cut_after_ms=pool.cut_s(index, like_latest, now, 0.0) * MS,
        share=_share(asked, pool.counts.fired),
        requests=asked,
        samples=estimate.samples,
        age_s=None if estimate.at is None else max(0.0, now - estimate.at),
        headroom=_headroom(pool, index, now),
        breaker=_breaker(pool, index, now),
    )


def _headroom(pool: Pool, index: int, now: float) -> float | None:
    headroom = pool.entries[index].headroom
    known = headroom.requests is not None or headroom.tokens is not None or now < headroom.said_until
    return headroom.share(now) if known else None


def _breaker(pool: Pool, index: int, now: float) -> BreakerView:
    breaker = pool.entries[index].breaker
    state = breaker.state(now)
    rest = max(0.0, breaker.open_until - now) if state is State.OPEN else 0.0
    return BreakerView(state=state.value, reason=breaker.reason if state is not State.CLOSED else "", until_s=rest)


def _failover(pool: Pool, failover: Failover) -> FailoverView:
    return FailoverView(
        at=failover.at,
        left=pool.targets[failover.left].name,
        taken=pool.targets[failover.taken].name,
        why=failover.why,
        waited_ms=failover.waited_s * MS,
    )


def _extra(counts: Counts) -> int:
    """Requests beside the first of a turn: explorations are fired beside it, never in its place."""
    return counts.explored + counts.cut + counts.hedged + counts.retried + counts.continued


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
