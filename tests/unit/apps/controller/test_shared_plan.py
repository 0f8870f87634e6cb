"""Several assistants of one FallbackPlan, decided on at the same time: its change reaches them a few at a time."""

import asyncio
from typing import Any

import pytest

from tests.unit.apps.controller.stage import SPEC, Stage
from understudy.apps.controller.ports import Key
from understudy.domain.calls.observation import ProxyReport
from understudy.domain.desired.kinds import CONFIG_MAP, DEPLOYMENT, FALLBACK_PLAN, VOICE_ASSISTANT
from understudy.domain.desired.routing import parse_routing

NAMES = ("a", "b", "c", "d")
KEYS = tuple(Key("shop", name) for name in NAMES)
TIMED = {"steps": [{"setWeight": 50}], "dataDeadline": "10s", "onInsufficientData": "Promote"}
"""Promoted after a while without a call: time is all that these rollouts need."""


class Street(Stage):
    """Four assistants of one plan, and one operator."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        del self.cluster.objects[VOICE_ASSISTANT.kind, "shop", "front-desk"]
        self.limit = limit
        self.put_plan("1s")
        for name in reversed(NAMES):
            spec = {**SPEC, "fallbackPlanRef": {"name": "rules"}, "rollout": TIMED}
            metadata = {"namespace": "shop", "name": name}
            self.cluster.put({"kind": VOICE_ASSISTANT.kind, "metadata": metadata, "spec": spec})
        self.most = 0

    def put_plan(self, timeout: str) -> None:
        spec = {"retries": {"timeout": timeout}, "maxConcurrentRollouts": self.limit}
        metadata = {"namespace": "shop", "name": "rules"}
        self.cluster.put({"kind": FALLBACK_PLAN.kind, "metadata": metadata, "spec": spec})

    def phase(self, name: str) -> str:
        return str((self.cluster.find(VOICE_ASSISTANT, "shop", name).get("status") or {}).get("phase"))

    def queued(self, name: str) -> str:
        return str(self.cluster.find(VOICE_ASSISTANT, "shop", name)["status"]["rollout"].get("queued", ""))

    def under_way(self) -> list[str]:
        return [name for name in NAMES if self.phase(name) in ("Preparing", "Canary", "Promoting")]

    async def look(self, times: int = 1) -> None:
        """Everybody is decided on at once, and the watch follows."""
        for _ in range(times):
            self.clock.advance(4)
            self.follow()
            for key in KEYS:
                self.worlds.invalidate(key)
            await asyncio.gather(*(self.reconciler.reconcile(key) for key in KEYS))
            for name in NAMES:
                self.neighbours.saw(self.cluster.find(VOICE_ASSISTANT, "shop", name))
            self.most = max(self.most, len(self.under_way()))

    def follow(self) -> None:
        for deployment in [each for each in self.cluster.objects.values() if each["kind"] == DEPLOYMENT.kind]:
            for number in range(deployment["spec"]["replicas"]):
                self._pod(deployment, f"{deployment['metadata']['name']}-{number}")
        for key in KEYS:
            config_map = self.cluster.objects.get((CONFIG_MAP.kind, "shop", f"{key.name}-routing"))
            document = parse_routing(config_map)
            for pod in self.observers.watched.get(key, {}) if document else ():
                report = ProxyReport(pod=pod, boot_id=pod, generation=document.generation if document else 0)
                self.reports.receive(key, report)


async def settled(limit: int) -> Street:
    street = Street(limit)
    await street.look(5)
    assert [street.phase(name) for name in NAMES] == ["Stable"] * 4
    street.most = 0
    return street


@pytest.mark.parametrize("limit", [1, 2])
async def test_a_change_of_the_plan_reaches_them_a_few_at_a_time_and_all_in_the_end(limit: int) -> None:
    street = await settled(limit)
    street.put_plan("2s")
    await street.look()
    assert street.under_way() == list(NAMES[:limit])
    assert all("first" in street.queued(name) for name in NAMES[limit:])
    before = {name: stable(street, name) for name in NAMES}
    for _ in range(200):
        await street.look()
        if all(stable(street, name) != before[name] and street.phase(name) == "Stable" for name in NAMES):
            break
    assert [street.phase(name) for name in NAMES] == ["Stable"] * 4
    assert all(stable(street, name) != before[name] for name in NAMES)
    assert [street.queued(name) for name in NAMES] == [""] * 4
    assert street.most == limit


def stable(street: Street, name: str) -> str:
    return str(street.cluster.find(VOICE_ASSISTANT, "shop", name)["status"]["stableRevision"])


async def test_a_new_operator_keeps_to_the_line_from_its_first_look() -> None:
    """It has seen nobody yet when it decides on the first."""
    street = await settled(1)
    street.put_plan("2s")
    await street.look()
    street.restart()
    await street.look(3)
    assert street.under_way() == ["a"]
    assert street.most == 1


async def test_a_change_of_ones_own_waits_for_nobody() -> None:
    """Another may roll the plan's change out meanwhile: this one has taken it in already."""
    street = await settled(1)
    street.put_plan("2s")
    for _ in range(100):
        await street.look()
        if street.under_way() == ["b"]:
            break
    document: dict[str, Any] = street.cluster.find(VOICE_ASSISTANT, "shop", "a")
    model = {"name": "better", "systemPrompt": "You answer the phone."}
    street.cluster.put({**document, "spec": {**document["spec"], "model": model}})
    await street.look()
    assert street.under_way() == ["a", "b"]
