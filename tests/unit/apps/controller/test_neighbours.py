"""The line of a shared plan: who is in it is known without asking, and nobody takes a place that is taken."""

from typing import Any

import pytest

from tests.unit.apps.controller.fake_cluster import FakeCluster
from understudy.api.status import Phase, RolloutStatus, VoiceAssistantStatus
from understudy.apps.controller.neighbours import Neighbours
from understudy.apps.controller.ports import Key

BEFORE, NOW = "rules@1", "rules@2"


def status(phase: Phase = Phase.STABLE, plan: str = BEFORE, **more: Any) -> VoiceAssistantStatus:
    return VoiceAssistantStatus(phase=phase, rollout=RolloutStatus(phase=phase, plan=plan, **more))


def body(
    name: str, version: int, seen: VoiceAssistantStatus | None = None, plan: str = "rules", namespace: str = "shop"
) -> dict[str, Any]:
    return {
        "kind": "VoiceAssistant",
        "metadata": {"namespace": namespace, "name": name, "resourceVersion": str(version)},
        "spec": {"fallbackPlanRef": {"name": plan}} if plan else {},
        "status": (seen or status()).model_dump(mode="json", by_alias=True, exclude_none=True),
    }


class Street:
    """Neighbours, and who was woken."""

    def __init__(self, *bodies: dict[str, Any]) -> None:
        self.cluster, self.woken = FakeCluster(), list[str]()
        self.them = Neighbours(self.cluster, lambda key: self.woken.append(key.name))
        for each in bodies:
            self.them.saw(each)

    def wait(self, name: str, limit: int = 1) -> str:
        return self.them.wait(Key("shop", name), status(), NOW, limit)

    def take_woken(self) -> list[str]:
        found, self.woken[:] = list(self.woken), []
        return found


def test_the_first_by_name_goes_and_the_others_wait_for_it() -> None:
    street = Street(body("a", 1), body("b", 1), body("c", 1))
    assert street.wait("a") == ""
    assert "a first" in street.wait("b")
    assert street.wait("b", limit=2) == ""


def test_other_plans_and_other_namespaces_are_no_neighbours() -> None:
    street = Street(body("a", 1, plan="others"), body("a2", 1, plan=""), body("a3", 1, namespace="m"), body("b", 1))
    assert street.wait("b") == ""


def test_a_place_is_taken_the_moment_it_is_decided() -> None:
    """Before anything is written: two that are decided on at once do not both go."""
    street = Street(body("a", 1, status(plan=NOW)), body("b", 1), body("c", 1, status(plan=NOW)))
    assert street.wait("b") == ""
    street.them.decided(Key("shop", "c"), 1, status(Phase.PREPARING, NOW))
    assert "c first" in street.wait("b")


def test_an_echo_of_what_was_decided_upon_gives_no_place_back() -> None:
    """The watch shows the version that was read once more; only a newer one says what came of the decision."""
    street = Street(body("b", 1), body("c", 1, status(plan=NOW)))
    street.them.decided(Key("shop", "c"), 1, status(Phase.PREPARING, NOW))
    street.them.saw(body("c", 1, status(plan=NOW)))
    assert "c first" in street.wait("b")
    street.them.saw(body("c", 2, status(plan=NOW)))
    assert street.wait("b") == ""


def test_a_decision_on_old_facts_changes_nothing() -> None:
    street = Street(body("b", 1), body("c", 5, status(Phase.CANARY, NOW)))
    street.them.decided(Key("shop", "c"), 4, status(plan=NOW))
    assert "c first" in street.wait("b")


@pytest.mark.parametrize("ending", ["promoted", "gone", "another plan"])
def test_when_one_is_through_those_who_wait_are_woken(ending: str) -> None:
    first = body("a", 1, status(Phase.CANARY, NOW))
    street = Street(first, body("b", 1, status(queued="a first")), body("c", 1, status(plan=NOW)))
    street.take_woken()
    if ending == "gone":
        street.them.forget(Key("shop", "a"))
    else:
        street.them.saw(body("a", 2, status(plan=NOW), plan="rules" if ending == "promoted" else "others"))
    assert street.take_woken() == ["b"]
    assert street.wait("b") == ""


def test_a_status_that_moves_only_numbers_wakes_nobody() -> None:
    street = Street(body("a", 1, status(Phase.CANARY, NOW)), body("b", 1, status(queued="a first")))
    street.take_woken()
    street.them.saw(body("a", 2, status(Phase.CANARY, NOW, canary_calls=7)))
    assert street.take_woken() == []


async def test_a_namespace_is_read_once_before_anyone_there_is_decided_on() -> None:
    """A new process would otherwise see an empty line, and let everybody go."""
    street = Street()
    for name, seen in (("a", status(Phase.CANARY, NOW)), ("b", status())):
        street.cluster.put(body(name, 0, seen))
    await street.them.meet("shop")
    assert "a first" in street.wait("b")
    reads = street.cluster.reads
    await street.them.meet("shop")
    assert street.cluster.reads == reads


def test_a_status_of_another_version_of_ours_is_no_obstacle() -> None:
    """A phase that this version does not know takes no place; nothing at all is none either."""
    strange, empty = body("a", 1), body("a2", 1)
    strange["status"]["rollout"]["phase"] = "Dancing"
    del empty["status"]
    assert Street(strange, empty, body("b", 1)).wait("b") == ""
