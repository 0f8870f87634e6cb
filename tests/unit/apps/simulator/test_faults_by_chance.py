"""Which requests a fault strikes."""

import asyncio

import pytest

from understudy.apps.simulator import chance
from understudy.apps.simulator.deployment import UTTERANCE_FAULTS, Deployment, Deployments
from understudy.apps.simulator.script import Fault, FaultKind, parse


def struck(settings: dict[str, object], models: list[str | None], seed: int = 1) -> list[str | None]:
    """The fault of each request, one after the other."""
    deployment = Deployment("acme", seed, parse({"deployments": {"acme": settings}}).deployments["acme"])
    found: list[str | None] = []
    for model in models:
        with deployment.exchange(model) as exchange:
            found.append(exchange.fault.kind.value if exchange.fault else None)
    return found


@pytest.mark.parametrize(
    ("faults", "wanted"),
    [
        ([], [None] * 4),
        ([{"kind": "hang"}], ["hang"] * 4),
        ([{"kind": "hang", "count": 2}], ["hang", "hang", None, None]),
        ([{"kind": "hang", "after": 3}], [None, None, None, "hang"]),
        ([{"kind": "hang", "after": 1, "count": 1}], [None, "hang", None, None]),
        ([{"kind": "hang", "model": "b"}], [None, "hang", None, "hang"]),
        ([{"kind": "hang", "count": 1}, {"kind": "cut"}], ["hang", "cut", "cut", "cut"]),
        ([{"kind": "hang", "probability": 0}], [None] * 4),
    ],
)
def test_bounds_of_a_fault(faults: list[dict[str, object]], wanted: list[str | None]) -> None:
    """`count`, `after`, `model` and the order of the faults."""
    assert struck({"faults": faults}, ["a", "b", "a", "b"]) == wanted


def test_chance_is_the_same_for_the_same_seed_and_near_its_probability() -> None:
    """500 requests at 20 %: repeatable, about 100, and different for another seed."""
    settings = {"faults": [{"kind": "hang", "probability": 0.2}]}
    runs = [struck(settings, [None] * 500, seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert 60 < 500 - runs[0].count(None) < 140


def test_a_bound_on_one_fault_leaves_the_luck_of_the_others_alone() -> None:
    """Every fault draws for every request, whether it can strike or not."""
    second = Fault(kind=FaultKind.CUT, probability=0.5)

    def hits(count: int | None) -> list[bool]:
        faults = [Fault(kind=FaultKind.HANG, probability=0.5, count=count), second]
        return [chance.choose(faults, [9, 0], chance.Moment(i), chance.stream(1, i)) == 1 for i in range(50)]

    assert all(free or not bound for bound, free in zip(hits(None), hits(9), strict=True))
    assert any(hits(None))


def test_what_strikes_an_utterance_leaves_its_connection_alone() -> None:
    """A connection and an utterance on it draw from their own kinds and their own counters."""
    settings = parse({"deployments": {"a": {"faults": [{"kind": "no-output", "count": 1}, {"kind": "drop"}]}}})
    deployment = Deployment("a", 1, settings.deployments["a"])
    assert deployment.connection().has(FaultKind.DROP)
    with deployment.exchange(None, UTTERANCE_FAULTS) as exchange:
        assert exchange.has(FaultKind.NO_OUTPUT)
    with deployment.exchange(None, UTTERANCE_FAULTS) as exchange:
        assert exchange.fault is None


def test_a_request_the_client_left_counts_as_aborted() -> None:
    """Completed and aborted are told apart; none stays live."""
    deployment = Deployment("a", 1, parse({"deployments": {"a": {}}}).deployments["a"])
    with pytest.raises(asyncio.CancelledError), deployment.exchange("m"):
        raise asyncio.CancelledError
    with deployment.exchange("m"):
        pass
    stats = deployment.stats.to_json()
    assert (stats["requests"], stats["aborted"], stats["completed"], stats["live"]) == (2, 1, 1, 0)
    assert stats["models"] == {"m": 2}


def test_a_change_starts_the_count_anew_and_can_be_taken_back() -> None:
    """PUT, then DELETE."""
    deployment = Deployment("a", 1, parse({"deployments": {"a": {}}}).deployments["a"])
    for _ in range(2):
        deployment.change({"faults": [{"kind": "hang", "count": 1}]})
        with deployment.exchange(None) as exchange:
            assert exchange.has(FaultKind.HANG)
    deployment.change(None)
    with deployment.exchange(None) as exchange:
        assert exchange.fault is None


def test_deployments_exist_when_the_script_names_them_or_names_none() -> None:
    """An empty script serves any name; one with names serves those."""
    assert Deployments(parse({})).find("anything") is not None
    assert Deployments(parse({"deployments": {"a": {}}})).find("b") is None
