"""How model requests are routed, as lines for a terminal."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from understudy.apps.cli.merge import Merged, Row, merge
from understudy.apps.cli.state import State
from understudy.domain.rollout.waiting import in_words
from understudy.domain.routing.pool.view import BreakerView, FailoverView

MOST_ROWS = 20
"""Deployments shown: a screenful. Beyond them only those that something is wrong with, and a count of the rest."""

MOST_FAILOVERS = 8
"""Failovers shown."""

HEADINGS = (
    "RANK", "DEPLOYMENT", "ACCOUNT", "EXPECTED", "DEVIATION", "HANGS", "CUT AFTER", "SHARE", "SAMPLES", "AGE",
    "HEADROOM", "BREAKER",
)  # fmt: skip

FIRST_TO_GO = ("AGE", "SAMPLES", "DEVIATION", "HEADROOM", "ACCOUNT", "HANGS", "SHARE")
"""Columns that a narrow terminal does without, in this order; `-o json` has them all."""


def routing(state: State, width: int, *, every: bool = False) -> Iterator[str]:
    """The lines, the table no wider than `width` characters where leaving columns out helps.

    Args:
        state: what the proxies said.
        width: of the terminal.
        every: all deployments, however many.
    """
    yield _proxies(state)
    yield from (f"  {answer.pod}: {answer.error}" for answer in state.proxies if answer.error)
    pools = merge(state)
    if not pools and any(answer.pools for answer in state.proxies):
        yield "No model request has been made yet."
    for pool in pools:
        yield ""
        yield from _pool(state, pool, width, every=every)


def _proxies(state: State) -> str:
    ready = len(state.proxies)
    if not ready:
        more = f"; {state.starting} not ready yet" if state.starting else ""
        return f"no proxy is ready, so nobody can tell how requests are routed{more}"
    more = f", {state.starting} not ready" if state.starting else ""
    return f"proxies: {ready} ready{more} · {_sharing(state)}"


def _sharing(state: State) -> str:
    shared = [answer.pools.sharing for answer in state.proxies if answer.pools]
    on = [each for each in shared if each.state != "Off"]
    if not on:
        return "knowledge: each its own"
    alone = sorted({each.reason for each in on if each.state == "Alone"})
    good = sum(each.state == "Shared" for each in on)
    if not alone:
        return f"knowledge: shared by {good} of {len(on)}"
    return f"knowledge: shared by {good} of {len(on)}, others alone ({'; '.join(alone)})"


def _pool(state: State, pool: Merged, width: int, *, every: bool) -> Iterator[str]:
    total = pool.totals
    previous = state.status.rollout.previous
    roles = {previous.name if previous else "": " (previous)", state.stable: " (stable)", state.canary: " (canary)"}
    arm = roles.get(total.revision, "")
    kind = f", {total.kind} requests" if total.kind else ""
    yield f"Pool of revision {total.revision}{arm}{kind}"
    explored = f"explored {_percent(total.explore_share_spent)} (set: {_percent(total.explore_share)})"
    extra = f"extra {_percent(total.extra_share_spent)} (at most {_percent(total.extra_share)})"
    yield f"  {total.requests:,} turns, {total.fired:,} requests · {explored} · {extra}"
    yield f"  {_extras(pool)}"
    yield f"  tokens of cancelled requests: about {total.tokens_cancelled_estimated:,} (estimated)"
    shown = pool.rows if every else [row for row in pool.rows if row.shown.rank <= MOST_ROWS or row.barred]
    yield from _table([HEADINGS, *(_cells(row) for row in shown)], width)
    if len(shown) < len(pool.rows):
        yield f"  and {len(pool.rows) - len(shown)} more (--all)"
    if pool.failovers:
        yield "Last failovers"
        several = len(state.proxies) > 1
        yield from (_failover(pod if several else "", each, total.at) for pod, each in pool.failovers[:MOST_FAILOVERS])
    if pool.differences:
        yield "Proxies differ"
        yield from (f"  {line}" for line in pool.differences)


def _extras(pool: Merged) -> str:
    total = pool.totals
    fired_again = f"{total.cut} cut, {total.hedged} hedged, {total.retried} retried, {total.continued} continued"
    return f"{total.explored} explored, {fired_again}"


def _cells(row: Row) -> tuple[str, ...]:
    each = row.shown
    return (
        "fallback" if each.fallback else str(each.rank),
        each.name,
        each.account,
        f"{each.expected_ms:.0f}ms",
        f"{each.deviation_ms:.0f}ms",
        _percent(each.hang_share),
        f"{each.cut_after_ms:.0f}ms",
        _percent(each.share),
        str(each.samples),
        "never" if each.age_s is None else in_words(each.age_s),
        "-" if each.headroom is None else _percent(each.headroom),
        _breaker(each.breaker, row),
    )


def _breaker(breaker: BreakerView, row: Row) -> str:
    if breaker.state == "Closed":
        return "Closed"
    text = f"{breaker.state}: {breaker.reason}" if breaker.reason else breaker.state
    if breaker.until_s:
        text += f", {in_words(breaker.until_s)} to go"
    return text if row.barred == row.proxies else f"{text} ({row.barred} of {row.proxies} proxies)"


def _failover(pod: str, each: FailoverView, now: float) -> str:
    at = datetime.fromtimestamp(each.at, UTC).strftime("%H:%M:%SZ")
    who = f"  [{pod}]" if pod else ""
    ago = in_words(max(0.0, now - each.at))
    return f"  {at} ({ago} ago)  {each.left} → {each.taken}: {each.why} after {each.waited_ms:.0f}ms{who}"


def _table(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    kept = list(range(len(HEADINGS)))
    widths = [max(len(row[column]) for row in rows) for column in kept]
    for heading in FIRST_TO_GO:
        if sum(widths[column] + 2 for column in kept) <= width:
            break
        kept.remove(HEADINGS.index(heading))
    for row in rows:
        yield "  " + "  ".join(row[column].ljust(widths[column]) for column in kept).rstrip()


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
