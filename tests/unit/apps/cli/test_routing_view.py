"""What people read."""

from typing import Any

from tests.unit.apps.cli.fake_reader import CANARY, NAME, NAMESPACE, STABLE, broken, deployment, failover, pool
from understudy.apps.cli.routing_view import FIRST_TO_GO, HEADINGS, MOST_FAILOVERS, MOST_ROWS, routing
from understudy.apps.cli.state import Answer, State
from understudy.domain.routing.pool.view import PoolsView, PoolView, SharingView

PAGE = """\
proxies: 1 ready · knowledge: each its own

Pool of revision aaaaaaaa (stable)
100 turns, 106 requests · explored 3 % (set: 3 %) · extra 9 % (at most 10 %)
3 explored, 4 cut, 0 hedged, 2 retried, 0 continued
tokens of cancelled requests: about 1,234 (estimated)
RANK DEPLOYMENT ACCOUNT EXPECTED DEVIATION HANGS CUT AFTER SHARE SAMPLES AGE HEADROOM BREAKER
1 east azure 100ms 20ms 1 % 300ms 47.2 % 50 2s 80 % Closed
2 west azure 200ms 20ms 1 % 300ms 47.2 % 50 1m - Open: rate_limited, 12s to go
fallback plan azure 300ms 20ms 1 % 300ms 47.2 % 0 never 80 % Closed
Last failovers
22:12:05Z (1m ago) east → west: cut after 690ms
"""


def told(pod: str, *pools: PoolView, **changes: Any) -> Answer:
    return Answer(pod=pod, pools=PoolsView(pod=pod, pools=pools, **changes))


def shown(*answers: Answer, every: bool = False, width: int = 200, **changes: Any) -> str:
    values = {"namespace": NAMESPACE, "name": NAME, "phase": "Stable", "stable": STABLE, **changes}
    return "\n".join(routing(State(proxies=answers, **values), width, every=every))


def test_a_whole_page() -> None:
    view = pool(
        deployment("east", 1, share=0.9),
        deployment("west", 2, headroom=None, age_s=90.0, breaker=broken("rate_limited")),
        deployment("plan", 3, fallback=True, age_s=None, samples=0),
        failovers=(failover(75),), explore_share_spent=0.03, extra_share_spent=0.09,
    )  # fmt: skip
    page = shown(told("p-1", view), canary=CANARY)
    assert [" ".join(line.split()) for line in page.splitlines()] == PAGE.splitlines()
    columns = [line.index("azure") for line in page.splitlines() if "azure" in line]
    assert columns == [page.splitlines()[6].index("ACCOUNT")] * 3, "columns stand below each other"


def test_a_narrow_terminal_loses_columns_and_no_letters() -> None:
    view = pool(deployment("east", 1), deployment("west", 2))
    for width in range(60, 200, 10):
        table = [line for line in shown(told("p-1", view), width=width).splitlines() if "Closed" in line]
        assert len(table) == 2
        assert all(len(line) <= width for line in table)
    assert {"RANK", "DEPLOYMENT", "EXPECTED", "BREAKER"} <= set(HEADINGS) - set(FIRST_TO_GO)


def test_nobody_to_ask_is_said() -> None:
    assert "no proxy is ready, so nobody can tell" in shown()
    assert "1 not ready yet" in shown(starting=1)


def test_a_proxy_that_says_nothing_is_named() -> None:
    page = shown(told("p-1", pool(deployment("east", 1))), Answer(pod="p-2", error="no answer within 10 s"))
    assert "  p-2: no answer within 10 s" in page
    assert "east" in page


def test_before_the_first_request_there_is_nothing_to_rank() -> None:
    assert "No model request has been made yet." in shown(told("p-1"))


def test_large_pools_are_cut_to_a_screen_but_for_what_is_wrong() -> None:
    many = [deployment(f"d{rank}", rank) for rank in range(1, 101)]
    many[77] = deployment("d78", 78, breaker=broken())
    page = shown(told("p-1", pool(*many)))
    assert "d78" in page
    assert "d79" not in page
    assert f"  and {100 - MOST_ROWS - 1} more (--all)" in page
    assert "d79" in shown(told("p-1", pool(*many)), every=True)


def test_only_the_last_failovers_are_shown_and_by_whom() -> None:
    view = pool(deployment("east", 1), failovers=tuple(failover(ago) for ago in range(20, 0, -1)))
    lines = [line for line in shown(told("p-1", view), told("p-2", view)).splitlines() if "→" in line]
    assert len(lines) == MOST_FAILOVERS
    assert "(1s ago)" in lines[0]
    assert "[p-1]" in lines[0]


def test_what_only_some_proxies_see_is_told() -> None:
    well, ill = pool(deployment("east", 1)), pool(deployment("east", 1, breaker=broken()))
    page = shown(told("p-1", well), told("p-2", ill), told("p-3", well))
    assert "(1 of 3 proxies)" in page
    assert "Proxies differ\n  p-2 has the breaker of east Open, unlike most" in page


def test_how_knowledge_is_shared_is_told() -> None:
    together = SharingView(state="Shared", replicas=1)
    alone = SharingView(state="Alone", reason="TimeoutError")
    both = shown(told("p-1", sharing=together), told("p-2", sharing=together))
    assert "knowledge: shared by 2 of 2" in both
    one = shown(told("p-1", sharing=together), told("p-2", sharing=alone))
    assert "knowledge: shared by 1 of 2, others alone (TimeoutError)" in one


def test_kinds_of_requests_have_a_pool_each() -> None:
    page = shown(told("p-1", pool(deployment("east", 1)), pool(deployment("east", 1), kind="high")))
    assert "Pool of revision aaaaaaaa (stable), high requests" in page
