"""What the operator remembers of a rollout comes back from a real API server as it was written."""

import pytest
import yaml

from tests.api.manifests import API_VERSION, Manifest, assistant, edit
from tests.api.server import Kube, outcome
from tests.unit.domain.rollout.test_any_order import GOLDEN
from tests.unit.domain.rollout.test_baking import baking
from tests.unit.domain.rollout.test_incidents import outage
from tests.unit.domain.rollout.test_mirroring import GOOD, calls, mirroring
from tests.unit.domain.rollout.test_replaying import WRONG, play, replaying
from tests.unit.domain.rollout.test_traffic import by_default, live
from tests.unit.domain.rollout.test_undoing import ask, third
from tests.unit.domain.rollout.world import World, ref, serving
from understudy.api.status import VoiceAssistantStatus
from understudy.domain.calls.observation import GoldenResult
from understudy.domain.rollout.inputs import AgentPods

pytestmark = pytest.mark.apiserver


def golden_call_failed() -> World:
    world = replaying()
    play(world, WRONG)
    return world


def golden_calls_passed() -> World:
    world = replaying()
    play(world, *(GoldenResult(name=each.name) for each in (*GOLDEN, *GOLDEN)))
    return world


def mirrored() -> World:
    world = mirroring()
    calls(world, GOOD, 5)
    return world


def few_calls() -> World:
    world = by_default()
    live(world, 24, 0.5)
    return world


def waiting_for_old_pods() -> World:
    world = third()
    world.history = (*world.history, ref("zero", agent="agent-0"))
    ask(world, "1", "zero")
    world.agents = {**world.agents, "agent-0": AgentPods(0, 1)}
    world.tick()
    return world


def in_line() -> World:
    world = serving(plan="house-rules@1")
    world.plan, world.wait, world.desired = "house-rules@2", "anna first", ref("two")
    world.tick()
    return world


WORLDS = (
    golden_call_failed,
    golden_calls_passed,
    mirrored,
    baking,
    outage,
    few_calls,
    waiting_for_old_pods,
    in_line,
)


def written(kube: Kube, status: VoiceAssistantStatus) -> VoiceAssistantStatus:
    """`status` as it is read back, applied as the operator does it."""
    path = f"/apis/{API_VERSION}/namespaces/default/voiceassistants/remembered"
    named = edit(assistant(), {"metadata.name": "remembered"})
    told: Manifest = {
        **{key: named[key] for key in ("apiVersion", "kind", "metadata")},
        "status": status.model_dump(mode="json", by_alias=True, exclude_none=True),
    }
    for url, document in ((path, named), (f"{path}/status", told)):
        answer = kube.client.patch(
            url,
            params={"fieldManager": "tests", "force": "true", "fieldValidation": "Strict"},
            headers={"Content-Type": "application/apply-patch+yaml"},
            content=yaml.safe_dump(document),
        )
        assert outcome(answer).accepted, outcome(answer).causes
    return VoiceAssistantStatus.model_validate(kube.client.get(path).json()["status"])


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.__name__)
def test_a_rollout_is_remembered_to_the_last_digit(kube: Kube, world: object) -> None:
    """A field that the CRD does not know would be refused here, and forgotten on a cluster."""
    assert callable(world)
    status = world().status
    assert written(kube, status) == status
