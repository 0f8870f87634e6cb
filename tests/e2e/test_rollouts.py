"""A rollout of each kind ends as it should; and also when the operator or a proxy is killed at any phase of it.

`make test` plays each kind once and kills a few times; `make test-full` kills both at every phase of every kind.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.demo import stage
from tests.e2e import kinds, night_desk, operator_pod, processes
from tests.e2e.kinds import Act, Ended, Kind, ask, holds, in_phase, play, rollout, weighed

pytestmark = pytest.mark.usefixtures("night")

FULL = os.environ.get("UNDERSTUDY_FULL") == "1"

QUESTIONS = """
turns:
- say: what are your opening hours
  expect: {contains: [noon, eleven]}
- say: what is your address
  expect: {contains: [mill street]}
- say: is there parking nearby
  expect: {contains: [behind the house]}
"""
"""A poor model answers one question in ten: all three of them once in a thousand times."""

GOLDEN = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "golden-calls"},
    "data": {"questions": QUESTIONS},
}

ROLLED_BACK = "jsonpath={.status.phase}=RolledBack"
PROMOTED = "condition=Promoted"


def broken_image() -> str:
    """An image that starts and ends at once: of another program."""
    return stage.images()["simulator"]


CRASH = Kind("crash loop", {}, ROLLED_BACK, "RolledBack", "AgentsFailing", phases=("Preparing",))
NO_IMAGE = Kind(
    "no such image",
    {"agent": {"image": "example.invalid/agent:none"}},
    ROLLED_BACK,
    "RolledBack",
    "AgentsFailing",
    phases=("Preparing",),
)
ABORT = Kind(
    "abort",
    {"model": {"name": "maitre-2"}},
    ROLLED_BACK,
    "RolledBack",
    "Aborted",
    acts=(Act(weighed, "abort", lambda: ask("abort")),),
)
CHANGED = Kind(
    "the spec changes in mid-canary",
    {"model": {"name": "maitre-slow"}},
    PROMOTED,
    "Stable",
    acts=(
        Act(weighed, "another spec", lambda: night_desk.patch({"model": {"name": "maitre-2"}})),
        Act(lambda va: weighed(va) and replaced_another(va), "promote", lambda: ask("promote", "full")),
    ),
)
NO_TRAFFIC = Kind(
    "no traffic",
    {"model": {"name": "maitre-2"}, "rollout": {"dataDeadline": "10s"}},
    PROMOTED,
    "Stable",
    acts=(Act(holds("TrafficTooLow"), "promote, since nobody calls", lambda: ask("promote", "full")),),
    promoted=True,
)
UNDO = Kind(
    "undo",
    {"model": {"name": "maitre-2"}},
    ROLLED_BACK,
    "RolledBack",
    "Undone",
    acts=(
        Act(weighed, "promote", lambda: ask("promote", "full")),
        Act(in_phase("Stable"), "undo", lambda: ask("undo")),
    ),
    phases=("Preparing", "Canary", "RollingBack"),
)
REPLAYED = Kind(
    "a golden call fails",
    {
        "model": {"name": "maitre-cheap"},
        "rollout": {"steps": [{"replay": {"callsRef": {"name": "golden-calls"}}}, {"setWeight": 50}]},
    },
    ROLLED_BACK,
    "RolledBack",
    "ReplayFailed",
    objects=(GOLDEN,),
)
LATENCY = Kind(
    "bad latency",
    {"model": {"name": "maitre-slow"}, "agent": {"endOfTurn": {"silence": "340ms"}}},
    ROLLED_BACK,
    "RolledBack",
    "SloFailed",
    calls=True,
    phases=("Preparing", "Canary", "RollingBack"),
    slo="turn-latency",
)
QUALITY = Kind(
    "bad quality",
    {
        "model": {"name": "maitre-cheap"},
        "slos": [{"name": "quality", "score": {"signal": "Quality", "minPercent": 80, "marginPercent": 10}}],
    },
    ROLLED_BACK,
    "RolledBack",
    "SloFailed",
    calls=True,
    phases=("Preparing", "Canary", "RollingBack"),
    slo="quality",
)
FIX = Kind(
    "a fix while stable is broken",
    {"model": {"name": "maitre"}},
    PROMOTED,
    "Stable",
    calls=True,
    promoted=True,
    given={"model": {"name": "maitre-slow"}},
    phases=("Preparing", "Canary", "Promoting"),
)
BAKED = Kind(
    "a regression while it bakes",
    {"model": {"name": "maitre-slow"}, "rollout": {"bake": "5m"}},
    ROLLED_BACK,
    "RolledBack",
    "SloFailed",
    acts=(Act(weighed, "promote", lambda: ask("promote", "full")),),
    calls=True,
    phases=("Baking", "RollingBack"),
    slo="turn-latency",
)
SHADOWED = Kind(
    "worse in the shadow",
    {
        "model": {"name": "maitre-slow"},
        "rollout": {"steps": [{"shadow": {"percent": 100, "minCalls": 20}}, {"setWeight": 50}]},
    },
    ROLLED_BACK,
    "RolledBack",
    "ShadowFailed",
    calls=True,
    slo="shadow",
)

QUIET = (CRASH, NO_IMAGE, ABORT, CHANGED, NO_TRAFFIC, UNDO, REPLAYED)
CALLED = (LATENCY, QUALITY, FIX, BAKED, SHADOWED)
SHOWN_IN_THE_STORY = (LATENCY, QUALITY)
"""`test_story` asserts more of them; here they are only disturbed."""


def replaced_another(va: dict[str, Any]) -> bool:
    """Whether the canary took another one's place."""
    begun = [line["message"] for line in rollout(va)["history"] if line["reason"] == "RolloutStarted"]
    return "in place of canary" in begun[-1]


def completed(kind: Kind) -> Kind:
    """`kind` with what is known only when the cluster is there."""
    return replace(kind, patch={"agent": {"image": broken_image()}}) if kind is CRASH else kind


def check(ended: Ended) -> None:
    """That it ended as its kind does, and that what the proxies were told agrees."""
    kind, state, document = ended.kind, rollout(ended.end), night_desk.routing()
    assert ended.end["status"]["phase"] == kind.end
    if kind.reason:
        why = state["lastRollback"]
        assert (why["revision"], why["reason"], why.get("slo", "")) == (ended.first, kind.reason, kind.slo)
        assert state["stable"]["name"] == ended.stable
        assert state["rejected"]["name"] == ended.first
    elif not kind.promoted:  # it was replaced, and nobody blames it
        assert (state.get("lastRollback") or {}).get("revision") != ended.first
    assert (document["stable"]["name"], "canary" in document, document["canaryWeight"]) == (
        state["stable"]["name"],
        False,
        0,
    )
    assert set(ended.weights()) <= {0, 50, 100}


@pytest.fixture(scope="module", autouse=True)
def as_it_was(night: None) -> Iterator[None]:
    """Leaves night-desk as it was made."""
    assert night is None
    yield
    kinds.settle()


@pytest.mark.parametrize("kind", [*QUIET, *(each for each in CALLED if each not in SHOWN_IN_THE_STORY)], ids=str)
def test_it_ends_as_its_kind_does(kind: Kind) -> None:
    ended = play(completed(kind))
    check(ended)
    assert ended.dropped == []


def operator_dies(phase: str) -> Act:
    """The process is killed in `phase`; the kubelet starts it again."""
    return Act(in_phase(phase), f"the operator is killed in {phase}", operator_pod.crash)


def proxy_dies(phase: str) -> Act:
    """One of two proxies is killed in `phase`; the calls on it are lost, and no others."""
    return Act(in_phase(phase), f"a proxy is killed in {phase}", lambda: processes.kill(proxy()))


def proxy() -> str:
    """The first of night-desk's proxies."""
    return str(min(each["metadata"]["name"] for each in night_desk.pods("proxy")))


ANSWERED_S = 0.5
"""A call that lasted so long had been taken; one that was refused lasts no time at all."""

EVERY = [(kind, phase) for kind in (*QUIET, *CALLED) for phase in kind.phases]
SAMPLE = [(ABORT, "Canary"), (NO_TRAFFIC, "Preparing")]


@pytest.mark.parametrize(("kind", "phase"), EVERY if FULL else SAMPLE, ids=str)
def test_it_ends_the_same_when_the_operator_is_killed(kind: Kind, phase: str) -> None:
    operator_pod.replace_restarted()
    ended = play(completed(kind), (operator_dies(phase),))
    check(ended)
    assert ended.dropped == []


@pytest.fixture(scope="module")
def two(night: None) -> Iterator[None]:
    """Two proxies."""
    assert night is None
    with kinds.two_proxies():
        yield


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(("kind", "phase"), EVERY if FULL else [(LATENCY, "Canary")], ids=str)
def test_it_ends_the_same_when_a_proxy_is_killed(kind: Kind, phase: str) -> None:
    """Of the calls in progress only those on the proxy that died are lost.

    Callers who dial that very moment may be sent to it as long as its Service knows no better; a carrier dials again.
    """
    processes.replace_restarted(night_desk.NAMESPACE, night_desk.selector("proxy"))
    ended = play(completed(kind), (proxy_dies(phase),))
    check(ended)
    in_progress = [call for call in ended.dropped if call["durationS"] >= ANSWERED_S]
    assert len(in_progress) <= night_desk.CALLERS
