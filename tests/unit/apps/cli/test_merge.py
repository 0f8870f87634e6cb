"""Several proxies' views as one."""

from tests.unit.apps.cli.fake_reader import CANARY, NAME, NAMESPACE, STABLE, broken, deployment, failover, pool
from understudy.apps.cli.merge import Merged, merge
from understudy.apps.cli.state import Answer, State
from understudy.domain.routing.pool.view import PoolsView, PoolView


def state(*views: tuple[PoolView, ...]) -> State:
    answers = tuple(
        Answer(pod=f"p-{number}", pools=PoolsView(pod=f"p-{number}", pools=pools))
        for number, pools in enumerate(views, start=1)
    )
    return State(namespace=NAMESPACE, name=NAME, stable=STABLE, canary=CANARY, proxies=answers)


def merged(*views: PoolView) -> Merged:
    (found,) = merge(state(*((view,) for view in views)))
    return found


def test_counts_add_up_and_shares_follow_from_them() -> None:
    one = pool(deployment("east", 1, requests=80), deployment("west", 2, requests=26))
    other = pool(
        deployment("east", 1, requests=100), deployment("west", 2, requests=200),
        requests=300, fired=300, explored=0, cut=0, retried=0, tokens_cancelled_estimated=0,
    )  # fmt: skip
    found = merged(one, other)
    assert (found.totals.requests, found.totals.fired, found.totals.cut) == (400, 406, 4)
    assert found.totals.extra_share_spent == 9 / 400
    assert found.totals.explore_share_spent == 3 / 400
    assert found.totals.tokens_cancelled_estimated == 1234
    assert [row.shown.share for row in found.rows] == [180 / 406, 226 / 406]


def test_rows_are_ranked_as_most_proxies_rank_them() -> None:
    agree = pool(deployment("east", 1), deployment("west", 2))
    differ = pool(deployment("west", 1), deployment("east", 2))
    found = merged(agree, agree, differ)
    assert [(row.shown.rank, row.shown.name) for row in found.rows] == [(1, "east"), (2, "west")]
    assert found.differences == ("p-3 ranks west first, not east",)


def test_fallbacks_stay_behind_the_pool() -> None:
    found = merged(pool(deployment("plan", 2, fallback=True, expected_ms=1.0), deployment("east", 1)))
    assert [row.shown.name for row in found.rows] == ["east", "plan"]


def test_the_worst_is_shown_and_by_how_many_it_is_seen() -> None:
    well = pool(deployment("east", 1, headroom=0.9, age_s=9.0))
    ill = pool(deployment("east", 1, headroom=0.1, age_s=1.0, breaker=broken()))
    (row,) = merged(well, ill, well).rows
    assert (row.shown.breaker.state, row.barred, row.proxies) == ("Open", 1, 3)
    assert (row.shown.headroom, row.shown.age_s) == (0.1, 1.0)
    assert merged(well, ill, well).differences == ("p-2 has the breaker of east Open, unlike most",)


def test_what_nobody_knows_stays_unknown() -> None:
    nothing = pool(deployment("east", 1, headroom=None, age_s=None, samples=0))
    (row,) = merged(nothing, nothing).rows
    assert (row.shown.headroom, row.shown.age_s) == (None, None)


def test_hang_shares_are_weighed_by_what_they_rest_on() -> None:
    few = pool(deployment("east", 1, hang_share=0.5, samples=10))
    many = pool(deployment("east", 1, hang_share=0.0, samples=90))
    (row,) = merged(few, many).rows
    assert row.shown.hang_share == 0.05


def test_failovers_of_all_proxies_come_newest_first() -> None:
    one = pool(deployment("east", 1), failovers=(failover(30), failover(10)))
    other = pool(deployment("east", 1), failovers=(failover(20),))
    assert [(pod, each.at) for pod, each in merged(one, other).failovers] == [
        ("p-1", failover(10).at),
        ("p-2", failover(20).at),
        ("p-1", failover(30).at),
    ]


def test_revisions_and_kinds_stand_apart_the_serving_one_first() -> None:
    made = state((
        pool(deployment("east", 1), revision="0000"),
        pool(deployment("east", 1), revision=CANARY),
        pool(deployment("east", 1), kind="high"),
        pool(deployment("east", 1)),
    ))  # fmt: skip
    keys = [(each.totals.revision, each.totals.kind) for each in merge(made)]
    assert keys == [(STABLE, ""), (STABLE, "high"), (CANARY, ""), ("0000", "")]


def test_one_proxy_agrees_with_itself() -> None:
    assert merged(pool(deployment("east", 1, breaker=broken()))).differences == ()
