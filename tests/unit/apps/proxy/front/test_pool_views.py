"""An assistant's pools in the order in which people ask for them."""

import random

import pytest

from tests.integration.proxy_front.documents import document, ref, snapshot
from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.pool_views import SLICE, all_pools, kind_name, scraped_pools
from understudy.apps.proxy.pools import Kind, Pools
from understudy.base.clock import ManualClock
from understudy.domain.revision.snapshot import Model, ModelTarget
from understudy.domain.routing.pool.step import Ask

STREAMED = Kind()


@pytest.fixture
def assistant() -> Assistant:
    """Stable is `bbbb`, and `cccc` is on trial."""
    found = Assistant("demo", "front-desk")
    found.apply(document(1, stable=ref("bbbb", "s"), canary=ref("cccc", "s")), 0.0)
    return found


def pools(*revisions: str, kind: Kind = STREAMED, size: int = 1) -> Pools:
    """Pools of these revisions, that each took a request and lost it."""
    found = Pools(random.Random(1))
    targets = tuple(ModelTarget(name=f"d{number}", account="sim", model="m") for number in range(size))
    content = snapshot("p", model=Model(targets=targets, system_prompt="p"))
    for revision in revisions:
        route = found.of("demo/front-desk", revision, content, kind)
        assert route
        turn = route.pool.turn(Ask())
        turn.start(100.0)
        turn.abandoned(101.0)
    return found


async def test_the_serving_revision_comes_first_then_the_canary_then_what_is_left(assistant: Assistant) -> None:
    made = pools("aaaa", "cccc", "bbbb")
    whole = await all_pools(made, assistant, ManualClock())
    assert [view.revision for view in whole] == ["bbbb", "cccc", "aaaa"]
    assert [view.revision for view in scraped_pools(made, assistant, ManualClock())] == ["bbbb", "cccc", "aaaa"]


async def test_names_are_the_users_and_times_are_the_epochs(assistant: Assistant) -> None:
    class Clock(ManualClock):
        def monotonic(self) -> float:
            return self.at - 1_699_999_000.0

    (view,) = await all_pools(pools("bbbb"), assistant, Clock())
    assert (view.assistant, view.at) == ("demo/front-desk", 1_700_000_000.0)
    assert [(each.name, each.account) for each in view.deployments] == [("d0", "sim")]


async def test_a_large_pool_is_whole_and_shown_in_slices(assistant: Assistant) -> None:
    (view,) = await all_pools(pools("bbbb", size=3 * SLICE + 1), assistant, ManualClock())
    assert len(view.deployments) == 3 * SLICE + 1


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Kind(), ""), (Kind("high"), "high"), (Kind(streamed=False), "whole"), (Kind("low", streamed=False), "low whole")],
)
def test_kinds_of_requests_have_words(kind: Kind, name: str) -> None:
    assert kind_name(kind) == name
