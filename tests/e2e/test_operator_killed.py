"""The operator is killed at each step of a rollout, and the rollout ends as it does without."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.demo.stage import say
from tests.demo.watch import Watch
from tests.e2e import hold, kinds, night_desk, operator_pod

pytestmark = pytest.mark.usefixtures("night")

VERDICT_S = 180


@dataclass(frozen=True)
class Outcome:
    """How a rollout ended, with `canary` and `stable` in place of names.

    Attributes:
        why: revision, reason, SLO, metric and threshold of the rollback.
        route: phases in the order of the transitions on record, repetitions left out.
        conditions: (type, status, reason), sorted.
        routed: stable, whether there is a canary, and its weight, as the proxies were told.
    """

    phase: str
    stable: str
    rejected: str
    weights: tuple[int, int]
    why: tuple[str, ...]
    route: tuple[str, ...]
    conditions: tuple[tuple[str, str, str], ...]
    routed: tuple[str, bool, int]


@dataclass(frozen=True)
class Ended:
    """A rollout after its end, and after its last call.

    Attributes:
        counted: canary and stable calls behind the verdict.
        finished: canary and stable calls of the rollout, as the proxies recorded them.
        dropped: callers' reports of calls that the line failed.
    """

    outcome: Outcome
    counted: tuple[int, int]
    finished: tuple[int, int]
    dropped: list[dict[str, Any]]


@dataclass(frozen=True)
class Interruption:
    """Something that happens to the operator.

    Attributes:
        when: what the assistant shows at that time.
        how: takes the canary's name.
        held: keep the operator from telling the proxies what it has decided until then.
    """

    title: str
    when: Callable[[dict[str, Any]], bool]
    how: Callable[[str], None]
    held: bool = False


def rollout(va: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = va["status"]["rollout"]
    return found


def canary_of(va: dict[str, Any]) -> str:
    return str(va["status"].get("canaryRevision", ""))


def crash(_: str) -> None:
    """The process dies; it is started again in its pod."""
    operator_pod.crash()


def destroy(_: str) -> None:
    """The pod is gone; another one takes over when the lease of the dead one is over."""
    operator_pod.destroy()


def crash_between_writes(canary: str) -> None:
    """The status says RollingBack while the proxies still send calls to the canary."""
    assert canary not in night_desk.routing()["rejected"]
    operator_pod.crash()
    assert canary not in night_desk.routing()["rejected"]


KILLS = (
    Interruption("Preparing", lambda va: va["status"]["phase"] == "Preparing", destroy),
    Interruption("Canary, the weight was just written", lambda va: rollout(va)["weight"] == 50, crash),
    Interruption("Canary, evidence half collected", lambda va: rollout(va).get("canaryCalls", 0) >= 1, destroy),
    Interruption(
        "RollingBack, decided and not yet told",
        lambda va: va["status"]["phase"] == "RollingBack",
        crash_between_writes,
        held=True,
    ),
)


def take_back(silence: str, interruptions: tuple[Interruption, ...]) -> Ended:
    """Ask for a slow model and a changed agent under calls, with interruptions on the way; what follows.

    Args:
        silence: the agent's end of turn; a new value needs agent pods of its own, so that there is a time of preparing.
        interruptions: in the order in which they come.
    """
    before = kinds.settle()
    with night_desk.watched() as watch:
        with night_desk.load() as load:
            night_desk.patch({"model": {"name": "maitre-slow"}, "agent": {"endOfTurn": {"silence": silence}}})
            canary = canary_of(watch.until(lambda va: canary_of(va) != canary_of(before), 60, "a canary"))
            for each in interruptions:
                interrupt(each, watch, canary)
            watch.until(lambda va: is_over(va, canary), VERDICT_S, f"the end of {canary}")
        return look_back(watch, canary, before["status"]["stableRevision"], load.dropped())


def interrupt(interruption: Interruption, watch: Watch, canary: str) -> None:
    if interruption.held:
        with hold.before_routing_rejects(canary):
            watch.until(interruption.when, VERDICT_S, interruption.title)
            interruption.how(canary)
    else:
        watch.until(interruption.when, VERDICT_S, interruption.title)
        interruption.how(canary)
    say(f"  operator killed: {interruption.title}")


def is_over(va: dict[str, Any], canary: str) -> bool:
    return va["status"]["phase"] == "RolledBack" and bool(rollout(va)["rejected"]["name"] == canary)


def look_back(watch: Watch, canary: str, stable: str, dropped: list[dict[str, Any]]) -> Ended:
    state = rollout(watch.seen[-1][1])
    why = state["lastRollback"]
    starts = (rollout(va).get("startedAt") for _, va in watch.seen if canary_of(va) == canary)
    began = datetime.fromisoformat(next(at for at in starts if at)).timestamp()
    calls = [each["revision"] for each in night_desk.observations() if each["startedAt"] >= began]
    return Ended(
        outcome=outcome(watch.seen[-1][1], {canary: "canary", stable: "stable"}),
        counted=(why["canaryCalls"], why["stableCalls"]),
        finished=(calls.count(canary), calls.count(stable)),
        dropped=dropped,
    )


def outcome(va: dict[str, Any], names: dict[str, str]) -> Outcome:
    state, document = rollout(va), night_desk.routing()
    why = state["lastRollback"]
    return Outcome(
        phase=va["status"]["phase"],
        stable=names[state["stable"]["name"]],
        rejected=names[state["rejected"]["name"]],
        weights=(state.get("weight", 0), state.get("ackedWeight", 0)),
        why=(names[why["revision"]], why["reason"], why["slo"], why["metric"], str(why["threshold"])),
        route=route(state["history"]),
        conditions=tuple(sorted((each["type"], each["status"], each["reason"]) for each in va["status"]["conditions"])),
        routed=(names[document["stable"]["name"]], "canary" in document, document["canaryWeight"]),
    )


def route(history: list[dict[str, Any]]) -> tuple[str, ...]:
    """The last rollout's phases."""
    phases = [line["to"] for line in history]
    phases = phases[len(phases) - 1 - phases[::-1].index("Preparing") :]
    return tuple(phase for number, phase in enumerate(phases) if phase not in phases[:number])


UNDISTURBED = Outcome(
    phase="RolledBack",
    stable="stable",
    rejected="canary",
    weights=(0, 0),
    why=("canary", "SloFailed", "turn-latency", "Turn", "20"),
    route=("Preparing", "Canary", "RollingBack", "RolledBack"),
    conditions=(
        ("Degraded", "False", "AsExpected"),
        ("PlanValid", "True", "Warnings"),
        ("Progressing", "False", "RolledBack"),
        ("Promoted", "False", "RolledBack"),
        ("Ready", "True", "Serving"),
        ("SpecRejected", "True", "SloFailed"),
        ("Stalled", "True", "RolledBack"),
        ("TrafficTooLow", "False", "NotWaiting"),
    ),
    routed=("stable", False, 0),
)
"""How it ends when nothing happens to the operator."""


@pytest.fixture(scope="module")
def killed() -> Ended:
    """A rollout during which the operator is killed at every step."""
    return take_back("340ms", KILLS)


def test_killed_at_each_step_it_ends_as_it_does_undisturbed(killed: Ended) -> None:
    assert killed.outcome == UNDISTURBED


def test_no_call_is_counted_twice(killed: Ended) -> None:
    """Nor is one counted that no proxy recorded."""
    assert 5 <= killed.counted[0] <= killed.finished[0]
    assert 1 <= killed.counted[1] <= killed.finished[1]


def test_no_call_is_dropped(killed: Ended) -> None:
    assert killed.dropped == []
