"""Several proxies' views of one pool as one: what they agree on, and where they differ."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from understudy.apps.cli.state import State
from understudy.domain.routing.pool.view import BreakerView, DeploymentView, FailoverView, PoolView

_WORST = ("Open", "HalfOpen", "Closed")


@dataclass(frozen=True, slots=True)
class Row:
    """One deployment over all proxies.

    Attributes:
        shown: medians of what the proxies say; sums of what they count; the least headroom; the worst breaker.
        barred: proxies whose breaker is not closed.
        proxies: how many know it.
    """

    shown: DeploymentView
    barred: int
    proxies: int


@dataclass(frozen=True, slots=True)
class Merged:
    """One revision's pool for one kind of request, over all proxies.

    Attributes:
        totals: sums over proxies; its deployments and failovers are empty.
        rows: deployments by median rank, fallbacks last.
        failovers: the last ones with the proxy that says so, newest first.
        differences: lines that say where a proxy sees it differently.
    """

    totals: PoolView
    rows: tuple[Row, ...]
    failovers: tuple[tuple[str, FailoverView], ...]
    differences: tuple[str, ...]


def merge(state: State) -> list[Merged]:
    """The pools of every revision and kind of request, the serving revision's first."""
    found: dict[tuple[str, str], list[tuple[str, PoolView]]] = defaultdict(list)
    for answer in state.proxies:
        for pool in answer.pools.pools if answer.pools else ():
            found[pool.revision, pool.kind].append((answer.pod, pool))
    order = [state.stable, state.canary]
    keys = sorted(found, key=lambda key: (order.index(key[0]) if key[0] in order else len(order), key))
    return [_merged(found[key]) for key in keys]


def _merged(views: Sequence[tuple[str, PoolView]]) -> Merged:
    pools = [pool for _, pool in views]
    failovers = sorted(
        ((pod, each) for pod, pool in views for each in pool.failovers), key=lambda pair: pair[1].at, reverse=True
    )
    rows = _rows(pools)
    return Merged(_totals(pools), rows, tuple(failovers), tuple(_differences(views, rows)))


def _totals(pools: Sequence[PoolView]) -> PoolView:
    """Sums of counts; shares weighted by turns."""
    turns = sum(pool.requests for pool in pools)
    first = pools[0]
    counts = ("fired", "explored", "cut", "hedged", "retried", "continued", "tokens_cancelled_estimated")
    sums = {name: sum(getattr(pool, name) for pool in pools) for name in counts}
    extra = sums["explored"] + sums["cut"] + sums["hedged"] + sums["retried"] + sums["continued"]
    return first.model_copy(
        update={
            **sums,
            "at": max(pool.at for pool in pools),
            "requests": turns,
            "explore_share_spent": sums["explored"] / turns if turns else 0.0,
            "extra_share_spent": extra / turns if turns else 0.0,
            "deployments": (),
            "failovers": (),
        }
    )


def _rows(pools: Sequence[PoolView]) -> tuple[Row, ...]:
    by_name: dict[str, list[DeploymentView]] = defaultdict(list)
    for pool in pools:
        for each in pool.deployments:
            by_name[each.name].append(each)
    fired = sum(pool.fired for pool in pools)
    rows = [_row(views, fired) for views in by_name.values()]
    rows.sort(key=lambda row: (row.shown.fallback, row.shown.rank, row.shown.expected_ms))
    return tuple(
        Row(row.shown.model_copy(update={"rank": rank}), row.barred, row.proxies)
        for rank, row in enumerate(rows, start=1)
    )


def _row(views: Sequence[DeploymentView], fired: int) -> Row:
    samples = sum(each.samples for each in views)
    requests = sum(each.requests for each in views)
    hangs = [(each.hang_share, each.samples) for each in views]
    ages = [each.age_s for each in views if each.age_s is not None]
    headrooms = [each.headroom for each in views if each.headroom is not None]
    shown = views[0].model_copy(
        update={
            "rank": round(median(each.rank for each in views)),
            "expected_ms": median(each.expected_ms for each in views),
            "deviation_ms": median(each.deviation_ms for each in views),
            "cut_after_ms": median(each.cut_after_ms for each in views),
            "hang_share": sum(share * n for share, n in hangs) / samples if samples else views[0].hang_share,
            "share": requests / fired if fired else 0.0,
            "requests": requests,
            "samples": max(each.samples for each in views),
            "age_s": min(ages, default=None),
            "headroom": min(headrooms, default=None),
            "breaker": _worst(each.breaker for each in views),
        }
    )
    return Row(shown, sum(each.breaker.state != "Closed" for each in views), len(views))


def _worst(breakers: Iterable[BreakerView]) -> BreakerView:
    return min(breakers, key=lambda each: (_WORST.index(each.state) if each.state in _WORST else 0, -each.until_s))


def _differences(views: Sequence[tuple[str, PoolView]], rows: Sequence[Row]) -> Iterable[str]:
    """Who ranks another one first, and whose breaker is in another state than most proxies'."""
    if len(views) < 2 or not rows:  # noqa: PLR2004 - one proxy agrees with itself
        return
    best = rows[0].shown.name
    barred = {row.shown.name: row.barred * 2 > row.proxies for row in rows}
    for pod, pool in views:
        first = next((each.name for each in pool.deployments if not each.fallback), best)
        if first != best:
            yield f"{pod} ranks {first} first, not {best}"
        for each in pool.deployments:
            if (each.breaker.state != "Closed") != barred[each.name]:
                yield f"{pod} has the breaker of {each.name} {each.breaker.state}, unlike most"
