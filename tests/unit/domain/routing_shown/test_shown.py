"""What a pool shows of itself."""

import random

import pytest

from understudy.domain.routing.pool.knowledge import Knowledge
from understudy.domain.routing.pool.pool import Pool, Target
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.shown import show
from understudy.domain.routing.pool.step import Ask, Failure, Sample
from understudy.domain.routing.pool.view import DeploymentView, PoolView

NOW = 100.0


def pool(**changes: object) -> Pool:
    settings = PoolSettings(**{"explore_share": 0.0, "hedge": False, **changes})  # type: ignore[arg-type]
    targets = [Target("k/slow", "slow", requests_per_minute=60), Target("k/fast", "fast")]
    draw = random.Random(3)
    return Pool(settings, targets, Knowledge(draw), draw, fallbacks=[Target("k/last", "last")])


def learn(made: Pool, **seconds: float) -> None:
    """Thirty answers of each, one a second."""
    for at in range(30):
        for name, taken in seconds.items():
            made.learn(Sample(f"k/{name}", NOW - 30 + at, taken))


def of(view: PoolView, name: str) -> DeploymentView:
    return next(each for each in view.deployments if each.name == name)


def test_deployments_are_ranked_as_requests_go_and_fallbacks_follow() -> None:
    made = pool()
    learn(made, slow=1.5, fast=0.3)
    view = show(made, NOW)
    assert [(each.name, each.rank, each.fallback) for each in view.deployments] == [
        ("fast", 1, False),
        ("slow", 2, False),
        ("last", 3, True),
    ]
    fast = of(view, "fast")
    assert fast.expected_ms == pytest.approx(300, rel=0.1)
    assert 0 < fast.deviation_ms < fast.expected_ms
    assert (fast.samples, fast.age_s) == (30, 1.0)
    assert of(view, "last").age_s is None


def test_the_cut_shown_is_the_one_the_next_request_gets() -> None:
    made = pool()
    learn(made, slow=1.5, fast=0.3)
    made.turn(Ask(budget_s=0.9)).start(NOW)
    shown = show(made, NOW)
    (shot,) = made.turn(Ask(budget_s=0.9)).start(NOW).fire
    assert of(shown, "fast").cut_after_ms == pytest.approx((shot.cut_at - NOW) * 1000)


def test_headroom_is_shown_where_a_limit_is_known() -> None:
    made = pool()
    full = of(show(made, NOW), "slow").headroom
    made.entries[0].headroom.spend(0, NOW)
    assert (full, of(show(made, NOW), "fast").headroom) == (1.0, None)
    assert of(show(made, NOW), "slow").headroom == pytest.approx(0.9)


def test_a_breaker_is_shown_with_its_reason_and_its_end() -> None:
    made = pool()
    made.learn(Sample("k/fast", NOW, failure=Failure.RATE_LIMITED, retry_after_s=30))
    breaker = of(show(made, NOW + 10), "fast").breaker
    assert (breaker.state, breaker.reason, breaker.until_s) == ("Open", "rate_limited", pytest.approx(20))
    assert of(show(made, NOW + 31), "fast").breaker.state == "HalfOpen"
    assert of(show(made, NOW), "slow").breaker.reason == ""


def test_a_cut_is_counted_and_told() -> None:
    made = pool()
    learn(made, slow=0.5, fast=0.3)
    turn = made.turn(Ask())
    (first,) = turn.start(NOW).fire
    (second,) = turn.tick(first.cut_at).fire
    turn.clause(second.id, first.cut_at + 0.4)
    turn.done(second.id, first.cut_at + 1)
    made.counts.tokens_cancelled += 70
    view = show(made, NOW + 5)
    assert (view.requests, view.fired, view.cut, view.hedged) == (1, 2, 1, 0)
    assert view.extra_share_spent == 1.0
    assert view.tokens_cancelled_estimated == 70
    assert [each.share for each in view.deployments if not each.fallback] == [0.5, 0.5]
    (told,) = view.failovers
    assert (told.left, told.taken, told.why) == ("fast", "slow", "cut")
    assert told.waited_ms == pytest.approx((first.cut_at - NOW) * 1000)


def test_exploring_is_shown_as_it_was_spent_and_as_it_was_set() -> None:
    made = pool(explore_share=0.05)
    made.counts.turns, made.counts.explored = 40, 3
    view = show(made, NOW)
    assert (view.explore_share, view.explored, view.explore_share_spent) == (0.05, 3, 3 / 40)


def test_of_a_large_pool_the_busy_and_the_ejected_can_be_shown_alone() -> None:
    draw = random.Random(3)
    targets = [Target(f"k/{number}", f"d{number}") for number in range(50)]
    made = Pool(PoolSettings(), targets, Knowledge(draw), draw)
    made.asked[7], made.asked[9] = 20, 10
    made.learn(Sample("k/30", NOW, failure=Failure.AUTH))
    assert {each.name for each in show(made, NOW, most=2).deployments} == {"d7", "d9", "d30"}
    assert len(show(made, NOW, most=50).deployments) == len(show(made, NOW).deployments) == 50


def test_a_view_survives_json_and_an_older_reader() -> None:
    made = pool()
    learn(made, slow=0.4, fast=0.3)
    view = show(made, NOW)
    assert PoolView.model_validate_json(view.model_dump_json()) == view
    newer = view.model_dump() | {"something_new": 1}
    assert PoolView.model_validate(newer) == view
