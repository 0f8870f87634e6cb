"""Which pool a request belongs to, and how long it is kept."""

import random
from typing import Any

import pytest

from understudy.apps.proxy.pools import Kind, Pools, deployment_key, kind_of, settings_of
from understudy.domain.revision.snapshot import Account, Agent, Limits, Model, ModelTarget, Pool, Snapshot
from understudy.domain.routing.pool.step import Failure, Sample

DESK, OTHER = "ns/desk", "ns/other"


def revision(*names: str, **model: Any) -> Snapshot:
    account = Account(name="a", provider="openai", base_url="https://h/v1", limits=Limits(requests_per_minute=60))
    targets = tuple(ModelTarget(name=name, account="a", model=f"m-{name}") for name in names)
    told = Model(targets=targets, system_prompt="P", **model)
    return Snapshot(accounts={"a": account}, model=told, transcribers=(), voices=(), agent=Agent(image="i"))


@pytest.fixture
def pools() -> Pools:
    return Pools(random.Random(1))


def test_one_pool_a_revision_and_kind(pools: Pools) -> None:
    snapshot = revision("x", "y")
    route = pools.of(DESK, "r1", snapshot, Kind())
    assert route is not None
    assert pools.of(DESK, "r1", snapshot, Kind()) is route
    others = [pools.of(*key) for key in ((DESK, "r2", snapshot, Kind()), (DESK, "r1", snapshot, Kind("high")))]
    assert all(other is not None and other is not route for other in others)
    assert [target.requests_per_minute for target in route.pool.targets] == [60, 60]


def test_a_revision_without_models_has_none(pools: Pools) -> None:
    assert pools.of(DESK, "r1", revision(), Kind()) is None


def test_fallbacks_stand_behind_the_pool(pools: Pools) -> None:
    fallback = ModelTarget(name="z", account="a", model="other")
    route = pools.of(DESK, "r1", revision("x", fallbacks=(fallback,)), Kind())
    assert route is not None
    assert (route.pool.size, [target.name for target in route.targets]) == (1, ["x", "z"])


def test_what_is_known_outlives_the_revision_and_is_shared(pools: Pools) -> None:
    """A deployment is the same one to every assistant of its namespace."""
    snapshot = revision("x")
    one, other = (pools.of(assistant, "r1", snapshot, Kind()) for assistant in (DESK, OTHER))
    assert one is not None
    assert other is not None
    assert one.pool.entries[0] is other.pool.entries[0]
    pools.keep(DESK, {"r2"})
    assert pools.views(DESK) == ()
    assert pools.views(OTHER) == (other,)
    again = pools.of(DESK, "r1", snapshot, Kind())
    assert again is not None
    assert again is not one
    assert again.pool.entries[0] is one.pool.entries[0]


def test_deployments_are_told_apart_by_what_changes_their_times() -> None:
    target = ModelTarget(name="x", account="a", model="m", deployment="d")
    keys = {
        deployment_key(namespace, target, kind)
        for namespace in ("ns", "ns2")
        for kind in (Kind(), Kind("high"), Kind(streamed=False))
    }
    assert len(keys) == 6


@pytest.mark.parametrize(
    ("body", "effort", "kind"),
    [
        ({"stream": True}, None, Kind()),
        ({}, None, Kind(streamed=False)),
        ({"stream": True, "reasoning_effort": "low"}, None, Kind("low")),
        ({"stream": True, "reasoning_effort": "low"}, "high", Kind("high")),
        ({"stream": True, "reasoning_effort": "made-up-7"}, None, Kind("other")),
        ({"stream": True, "reasoning_effort": ["low"]}, None, Kind("other")),
    ],
)
def test_kinds(body: dict[str, object], effort: str | None, kind: Kind) -> None:
    assert kind_of(body, revision("x", reasoning_effort=effort).model) == kind


def test_settings_are_the_users() -> None:
    pool = Pool(explore_percent=5, max_extra_percent=20, hedge=True, max_attempts=3, breaker_open_ms=700)
    settings = settings_of(revision("x", pool=pool, attempt_timeout_ms=50).model)
    assert (settings.explore_share, settings.extra_share, settings.hedge) == (0.05, 0.2, True)
    assert (settings.max_attempts, settings.breaker_open_s) == (3, 0.7)
    assert settings.floor_s == settings.ceiling_s == 0.05


def test_a_refused_key_is_forgiven_when_it_changes(pools: Pools) -> None:
    snapshot, version = revision("x", "y"), ["1"]
    route = pools.of(DESK, "r1", snapshot, Kind())
    assert route is not None
    key = route.pool.targets[0].key
    route.pool.learn(Sample(key, 10.0, failure=Failure.AUTH))
    pools.refused(key, lambda: version[0])
    breaker = route.pool.entries[0].breaker
    pools.of(DESK, "r1", snapshot, Kind())
    assert not breaker.admits(11.0)
    version[0] = "2"
    pools.of(DESK, "r1", snapshot, Kind())
    assert breaker.admits(11.0)
