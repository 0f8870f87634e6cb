"""Virtual time: what is fired, cut, cancelled and counted."""

import math
from collections.abc import Mapping

import pytest

from tests.bench.routing.engine import Engine, Flight
from tests.bench.routing.metrics import PROBE_SHARE, metrics
from tests.bench.routing.policies import FACTORIES, run
from tests.bench.routing.policy import Factory, Policy
from tests.bench.routing.providers import Providers
from tests.bench.routing.race import race
from tests.bench.routing.requests import Request, requests
from tests.bench.routing.world import World
from tests.unit.bench.routing.worlds import part, world
from understudy.domain.routing.pool.step import Failure, Shot, Step, Why

TWO = world([part(400, 0.01)], [part(100, 0.01)])


class Script:
    """A turn that waits for the first deployment for `cut_s` and then asks the second."""

    def __init__(self, cut_s: float, *, overlap: bool) -> None:
        self.cut_s = cut_s
        self.overlap = overlap
        self.told: list[str] = []

    def start(self, now: float) -> Step:
        return Step(fire=(self._shot(0, now),), wake_at=now + self.cut_s)

    def clause(self, shot: int, now: float) -> Step:  # noqa: ARG002
        self.told.append(f"clause {shot}")
        return Step()

    def failed(self, shot: int, failure: Failure, now: float, retry_after_s: float | None = None) -> Step:  # noqa: ARG002
        self.told.append(f"{failure.value} {shot}")
        return Step(over=True)

    def tick(self, now: float) -> Step:
        self.told.append("tick")
        return Step(fire=(self._shot(1, now),), cancel=() if self.overlap else (0,))

    @staticmethod
    def _shot(index: int, now: float) -> Shot:
        return Shot(index, index, Why.FASTEST, exploring=False, at=now, cut_at=math.inf)


class Scripted:
    probes = 0

    def __init__(self, cut_s: float, *, overlap: bool) -> None:
        self.turns: list[Script] = []
        self._made = (cut_s, overlap)

    def turn(self, request: Request, now: float) -> Script:  # noqa: ARG002
        self.turns.append(Script(self._made[0], overlap=self._made[1]))
        return self.turns[-1]

    def headers(self, deployment: int, headers: Mapping[str, str], now: float) -> None: ...


def played(where: World, cut_s: float, *, overlap: bool = False) -> tuple[Engine, Scripted]:
    policy = Scripted(cut_s, overlap=overlap)

    def factory(_providers: Providers, _seed: int) -> list[Policy]:
        return [policy]

    engine = Engine(where, factory)
    engine.run([Request(0, 1.0, 0, 0)])
    return engine, policy


@pytest.mark.parametrize(
    ("cut_s", "overlap", "told", "taken_s", "fired"),
    [
        (1.0, False, ["clause 0"], 0.4, 1),
        (0.2, False, ["tick", "clause 1"], 0.3, 2),
        (0.35, True, ["tick", "clause 0", "clause 1"], 0.4, 2),
    ],
    ids=["answered before its cut", "cancelled and fired again", "what is not cancelled goes on and is told of"],
)
def test_a_turn_lasts_until_its_first_clause(
    cut_s: float,
    overlap: bool,  # noqa: FBT001 - a column of the table
    told: list[str],
    taken_s: float,
    fired: int,
) -> None:
    engine, policy = played(TWO, cut_s, overlap=overlap)
    assert policy.turns[0].told == told
    assert engine.tally.taken_s == [pytest.approx(taken_s, rel=0.05)]
    assert engine.tally.fired == fired


def test_a_turn_that_nothing_answers_counts_as_the_longest_hang() -> None:
    engine, policy = played(world([part(error=1.0)], [part()]), 1.0)
    assert policy.turns[0].told == ["server 0"]
    assert (engine.tally.unanswered, engine.tally.taken_s) == (1, [5.0])


def test_what_a_policy_fires_does_not_change_what_another_gets() -> None:
    """Each request's first shot at a deployment takes as long in every policy's run."""
    where = world([part(hang=0.05)], [part(420, hang=0.05)], [part(390, hang=0.05)], duration=100.0)
    seen: dict[tuple[int, int], set[float]] = {}
    for name in ("single", "live", "live_explore", "understudy"):
        engine = Engine(where, FACTORIES[name])

        def note(flight: Flight) -> None:
            if flight.answered and len(flight.shots) == 1:
                taken = (flight.ended_at or 0.0) - flight.request.at
                seen.setdefault((flight.request.id, flight.shots[0].target), set()).add(round(taken, 9))

        engine.on_end = note
        engine.run()
    assert len(seen) > 900
    assert all(len(taken) == 1 for taken in seen.values())


@pytest.mark.parametrize("name", ["single", "poll", "live", "live_explore", "understudy"])
def test_every_turn_is_answered_though_requests_fail(name: str) -> None:
    found = run(world(*[[part(400 + 10 * index, error=0.2)] for index in range(4)]), name)
    assert found.unanswered <= 0.01 * found.turns
    assert found.tokens_ratio == pytest.approx(1.25, abs=0.07)


def test_race_takes_the_first_answer_and_pays_for_all() -> None:
    found = metrics(TWO, [race(TWO)])
    assert found.p50_ms == pytest.approx(100, rel=0.05)
    assert found.tokens_ratio == 2.0


def test_polls_are_charged_as_the_small_requests_that_they_are() -> None:
    where = world([part()], [part()], duration=1000.0, rate=1.0)
    turns = sum(1 for _ in requests(where))
    assert run(where, "poll").tokens_ratio == pytest.approx(1 + 2 * 2 * PROBE_SHARE / turns)


def test_live_leaves_a_deployment_that_became_slow_and_poll_does_not() -> None:
    slow = [part(200), part(2000, from_s=50)]
    where = world(slow, [part(400)], duration=400.0)
    assert run(where, "live").p95_ms < 1000 < run(where, "poll").p95_ms


def test_requests_of_a_call_go_to_the_same_replica() -> None:
    where = world([part()], [part()], calls=4, replicas=3)
    engine = Engine(where, FACTORIES["understudy"])
    seen: dict[int, set[int]] = {}
    engine.on_end = lambda flight: seen.setdefault(flight.request.call, set()).add(id(flight.policy))
    engine.run()
    assert {len(each) for each in seen.values()} == {1}
    assert len(set().union(*seen.values())) == 3


def test_replicas_that_share_know_what_the_others_learned() -> None:
    factories: dict[str, Factory] = {name: FACTORIES[name] for name in ("understudy", "understudy_shared")}
    where = world([part()], [part(1500)], replicas=2, duration=60.0)
    samples = {}
    for name, factory in factories.items():
        engine = Engine(where, factory)
        engine.run()
        samples[name] = sum(entry.estimate.samples for each in engine.policies for entry in each.pool.entries)  # type: ignore[attr-defined]
    assert samples["understudy_shared"] > 1.8 * samples["understudy"]
