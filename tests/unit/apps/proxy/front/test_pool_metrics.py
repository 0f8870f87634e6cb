"""Gauges of the pools."""

from prometheus_client import CollectorRegistry

from understudy.apps.proxy.pool_metrics import PoolGauges
from understudy.domain.routing.pool.view import BreakerView, DeploymentView, PoolView, SharingView

POOL = {"assistant": "shop/desk", "request_kind": ""}
EAST = {**POOL, "deployment": "east", "account": "azure"}


def deployment(name: str = "east", **changes: object) -> DeploymentView:
    values = {"account": "azure", "rank": 1, "expected_ms": 300, "deviation_ms": 1, "hang_share": 0.05}
    return DeploymentView.model_validate({"name": name, "cut_after_ms": 540, **values, **changes})


def pool(*deployments: DeploymentView, **changes: object) -> PoolView:
    return PoolView.model_validate({"assistant": "shop/desk", "at": 0, "deployments": deployments, **changes})


def registry(*pools: PoolView, sharing: SharingView | None = None) -> CollectorRegistry:
    found = CollectorRegistry()
    found.register(PoolGauges(lambda: pools, lambda: sharing or SharingView()))
    return found


def test_milliseconds_become_seconds() -> None:
    found = registry(pool(deployment()))
    assert found.get_sample_value("understudy_pool_expected_seconds", EAST) == 0.3
    assert found.get_sample_value("understudy_pool_cut_after_seconds", EAST) == 0.54
    assert found.get_sample_value("understudy_pool_hang_share", EAST) == 0.05


def test_a_breaker_is_in_one_state_and_a_half_open_one_is_available() -> None:
    found = registry(
        pool(
            deployment(breaker=BreakerView(state="HalfOpen", reason="rate")),
            deployment("west", breaker=BreakerView(state="Open", reason="auth")),
        )
    )
    states = {
        state: found.get_sample_value("understudy_pool_breaker", {**EAST, "state": state})
        for state in ("Closed", "Open", "HalfOpen")
    }
    assert states == {"Closed": 0, "Open": 0, "HalfOpen": 1}
    assert found.get_sample_value("understudy_pool_deployments_available", POOL) == 1


def test_requests_are_counted_by_what_they_were_for() -> None:
    found = registry(pool(requests=100, fired=112, explored=3, cut=4, hedged=2, retried=2, continued=1))
    counts = {
        purpose: found.get_sample_value("understudy_pool_requests_total", {**POOL, "purpose": purpose})
        for purpose in ("first", "explore", "cut", "hedge", "retry", "continue")
    }
    assert counts == {"first": 100, "explore": 3, "cut": 4, "hedge": 2, "retry": 2, "continue": 1}
    assert found.get_sample_value("understudy_pool_turns_total", POOL) == 100


def test_an_unknown_headroom_is_absent_not_zero() -> None:
    assert registry(pool(deployment())).get_sample_value("understudy_pool_headroom", EAST) is None
    found = registry(pool(deployment(headroom=0.0)))
    assert found.get_sample_value("understudy_pool_headroom", EAST) == 0.0


def test_of_several_revisions_the_first_is_shown_so_that_rollouts_make_no_series() -> None:
    found = registry(pool(deployment(), revision="a"), pool(deployment(expected_ms=900), revision="b"))
    assert found.get_sample_value("understudy_pool_expected_seconds", EAST) == 0.3


def test_kinds_of_requests_stand_apart() -> None:
    found = registry(pool(deployment()), pool(deployment(expected_ms=900), kind="high"))
    assert found.get_sample_value("understudy_pool_expected_seconds", {**EAST, "request_kind": "high"}) == 0.9


def test_sharing_is_up_down_or_not_wanted() -> None:
    up = "understudy_sharing_up"
    assert registry(sharing=SharingView(state="Shared")).get_sample_value(up) == 1
    assert registry(sharing=SharingView(state="Alone", reason="x")).get_sample_value(up) == 0
    assert registry().get_sample_value(up) is None
    told = registry(sharing=SharingView(state="Shared", sent=3, received=5, dropped=1, replicas=2))
    assert told.get_sample_value("understudy_sharing_samples_total", {"direction": "received"}) == 5
    assert told.get_sample_value("understudy_sharing_replicas") == 2
