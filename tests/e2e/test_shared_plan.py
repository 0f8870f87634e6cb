"""Two assistants go by a FallbackPlan that changes: one rolls it out at a time, and the other says that it waits."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.demo import shell
from tests.demo.watch import Watch
from tests.e2e import kinds, night_desk
from tests.e2e.kinds import ask, canary_of, in_phase, weighed

pytestmark = pytest.mark.usefixtures("night")

EARLY = "early-desk"
"""Before night-desk by name, and so in line."""

PLAN = {"models": [{"name": "spare", "account": "openai-spare", "model": "maitre-2"}]}


@dataclass(frozen=True)
class Line:
    """What was seen of the two, from the change of the plan to the last promotion.

    Attributes:
        waiting: night-desk while early-desk was under way.
        at_once: how many were under way, each time that one of the two changed.
    """

    waiting: dict[str, Any]
    at_once: list[int]
    early: dict[str, Any]
    night: dict[str, Any]


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    """The plan changes, and both go by it in the end."""
    kinds.settle()
    document = night_desk.manifest()
    document["metadata"]["name"] = EARLY
    shell.kubectl("apply", "-f", "-", stdin=json.dumps(document))
    try:
        night_desk.kubectl("wait", "--for=condition=Ready", f"va/{EARLY}", "--timeout=180s")
        with Watch("va", EARLY, night_desk.NAMESPACE) as early, night_desk.watched() as night:
            early.until(lambda va: va["status"]["phase"] == "Stable", 60, "a quiet start")
            yield roll_out(early, night)
    finally:
        night_desk.kubectl("delete", "va", EARLY, "--timeout=120s")
        kinds.settle()


def roll_out(early: Watch, night: Watch) -> Line:
    patch = json.dumps({"spec": PLAN})
    night_desk.kubectl("patch", "fallbackplan", "house-rules", "--type", "merge", "--patch", patch)
    first = canary_of(early.until(weighed, kinds.LONGEST_S, "early-desk's canary"))
    waiting = night.until(kinds.holds("Stalled"), kinds.LONGEST_S, "night-desk to say that it waits")
    night_desk.kubectl("wait", "--for=condition=Stalled", f"va/{night_desk.NAME}", "--timeout=10s")
    ask("promote", "full", EARLY)
    early.until(lambda va: va["status"]["stableRevision"] == first, kinds.LONGEST_S, "early-desk's promotion")
    second = canary_of(night.until(weighed, kinds.LONGEST_S, "night-desk's canary"))
    ask("promote", "full")
    night.until(lambda va: va["status"]["stableRevision"] == second, kinds.LONGEST_S, "night-desk's promotion")
    for watch in (early, night):
        watch.until(in_phase("Stable"), kinds.LONGEST_S, "a quiet end")
    return Line(waiting, at_once(early, night), early.seen[-1][1], night.seen[-1][1])


def at_once(early: Watch, night: Watch) -> list[int]:
    """How many of the two had a canary after each change of either, in the API server's order."""
    changes = sorted(
        (int(va["metadata"]["resourceVersion"]), va["metadata"]["name"], bool(canary_of(va)))
        for watch in (early, night)
        for _, va in watch.seen
    )
    under_way: dict[str, bool] = {}
    found = []
    for _, name, has_canary in changes:
        under_way[name] = has_canary
        found.append(sum(under_way.values()))
    return found


def test_the_first_by_name_begins_and_the_other_says_whom_it_waits_for(line: Line) -> None:
    stalled = next(each for each in line.waiting["status"]["conditions"] if each["type"] == "Stalled")
    assert stalled["reason"] == "WaitsInLine"
    assert f"{EARLY} first: at most 1 at a time" in stalled["message"]
    assert line.waiting["status"]["phase"] == "Stable"
    assert canary_of(line.waiting) == ""


def test_never_are_both_under_way(line: Line) -> None:
    assert set(line.at_once) == {0, 1}


def test_in_the_end_both_go_by_the_changed_plan_and_nobody_waits(line: Line) -> None:
    for va in (line.early, line.night):
        assert va["status"]["phase"] == "Stable"
        assert not kinds.holds("Stalled")(va)
        assert [each["model"] for each in stable(va)["model"]["fallbacks"]] == ["maitre-2"]


def stable(va: dict[str, Any]) -> dict[str, Any]:
    """What the assistant's stable revision holds."""
    name = f"{va['metadata']['name']}-{va['status']['stableRevision']}"
    found: dict[str, Any] = shell.get("controllerrevision", name, night_desk.NAMESPACE)["data"]
    return found
