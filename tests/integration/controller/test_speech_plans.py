"""What is written about speech, on a real API server: conditions, warnings, Events and what proxies are told."""

import json
from typing import Any

import pytest

from tests.integration.controller.conftest import CountingCluster, listed
from tests.integration.controller.test_real_api_server import Operator
from tests.unit.apps.controller.stage import SPEC
from understudy.domain import naming
from understudy.domain.desired.kinds import CONFIG_MAP, EVENT, REVISION
from understudy.domain.revision.compliance import Restriction

GLADIA = {"name": "gladia", "provider": "gladia", "credentialsRef": {"name": "gladia"}}
SPEECH: dict[str, Any] = {
    **SPEC,
    "accounts": [*SPEC["accounts"], GLADIA],
    "fallbackPlanRef": {"name": "house-rules"},
}
HIPAA = {"compliance": {"hipaa": True}}


@pytest.fixture
def operator(cluster: CountingCluster, namespace: str) -> Operator:
    return Operator(cluster, namespace)


async def plan(operator: Operator, spec: dict[str, Any]) -> None:
    metadata = {"namespace": operator.key.namespace, "name": "house-rules"}
    await operator.cluster.apply(
        {"apiVersion": naming.API_VERSION, "kind": "FallbackPlan", "metadata": metadata, "spec": spec}
    )


async def condition(operator: Operator, kind: str) -> dict[str, Any] | None:
    found = (await operator.assistant())["status"]["conditions"]
    return next((each for each in found if each["type"] == kind), None)


async def chain(operator: Operator) -> list[str]:
    """Accounts of the transcribers of the newest revision."""
    stored = await operator.cluster.list(REVISION, operator.key.namespace)
    newest = max(stored, key=lambda each: each["revision"])
    return [each["account"] for each in newest["data"]["transcribers"]]


async def told(operator: Operator) -> dict[str, Any]:
    """The routing document."""
    found = await operator.cluster.get(CONFIG_MAP, operator.key.namespace, "front-desk-routing")
    assert found is not None
    document: dict[str, Any] = json.loads(found["data"]["routing.json"])
    return document


async def events(operator: Operator) -> list[tuple[str, str]]:
    """Warnings about assistants; an API server that has just started also warns about Services of its own making."""
    posted = await operator.cluster.list(EVENT, operator.key.namespace)
    ours = [each for each in posted if each["involvedObject"]["kind"] == "VoiceAssistant"]
    return [(each["reason"], each["message"]) for each in ours if each["type"] == "Warning"]


async def test_a_plan_that_is_not_compliant_is_not_used_and_the_condition_says_which_entry(operator: Operator) -> None:
    """T4 across objects: closed, and the assistant serves on with what is left."""
    await plan(operator, {"transcribers": [{"provider": "gladia"}]})
    await operator.apply({**SPEECH, **HIPAA})
    await operator.settle()
    found = await condition(operator, "PlanValid")
    assert found is not None
    assert (found["status"], found["reason"]) == ("False", "ComplianceNotAllowed")
    assert "FallbackPlan house-rules spec.transcribers[0].provider: gladia may not be a fallback" in found["message"]
    assert await chain(operator) == ["deepgram"]
    assert (await told(operator))["fallbackTranscribers"] == ["deepgram", "azure"]
    assert [reason for reason, _ in await events(operator)] == ["ComplianceNotAllowed"]


async def test_turning_it_on_reaches_proxies_at_once_and_off_again(operator: Operator) -> None:
    """The revision that serves has the fallback that may not hear any more: no rollout is waited for."""
    await plan(operator, {"transcribers": [{"provider": "gladia"}]})
    await operator.apply(SPEECH)
    await operator.settle()
    assert await chain(operator) == ["deepgram", "gladia"]
    before = await told(operator)
    assert "fallbackTranscribers" not in before
    await operator.apply({**SPEECH, **HIPAA})
    await operator.settle()
    after = await told(operator)
    assert after["fallbackTranscribers"] == ["deepgram", "azure"]
    assert after["generation"] > before["generation"]
    await operator.apply(SPEECH)
    await operator.settle()
    assert "fallbackTranscribers" not in await told(operator)


async def test_it_can_hold_for_the_whole_installation(operator: Operator) -> None:
    """Whatever the assistant says."""
    await plan(operator, {"transcribers": [{"provider": "gladia"}]})
    await operator.apply({**SPEECH, "compliance": {"hipaa": False}})
    operator.restart(installation=Restriction(pci=True))
    await operator.settle()
    found = await condition(operator, "PlanValid")
    assert found is not None
    assert found["reason"] == "ComplianceNotAllowed"
    assert await chain(operator) == ["deepgram"]
    assert (await told(operator))["fallbackTranscribers"] == ["deepgram", "azure"]


async def test_warnings_are_in_the_status_and_told_once(operator: Operator) -> None:
    """V4: as Events and in `status`; a restart of the operator says nothing again."""
    german = {"provider": "openai", "voiceId": "onyx", "language": "de"}
    await plan(operator, {"voices": [german]})
    await operator.apply({**SPEECH, "voice": {"provider": "openai", "voiceId": "shimmer", "language": "en"}})
    await operator.settle()
    said = (await operator.assistant())["status"]["warnings"]
    assert [each.partition(" spec.")[2] for each in said] == [
        "voices[0]: also openai; an outage of openai takes both",
        "voices[0].language: de, but what it takes over from has en",
    ]
    assert sorted(await events(operator)) == sorted(("Warning", each) for each in said)
    found = await condition(operator, "PlanValid")
    assert found is not None
    assert (found["status"], found["reason"]) == ("True", "Warnings")
    operator.restart()
    assert await operator.once() == 0
    await plan(operator, {"voices": []})
    await operator.settle()
    assert (await operator.assistant())["status"]["warnings"] == []
    assert len(await events(operator)) == 2


async def test_a_provider_that_is_gone_is_a_condition_until_it_has_a_place(operator: Operator) -> None:
    """playht: accepted, not asked, said."""
    play: dict[str, Any] = {"name": "play", "provider": "playht", "credentialsRef": {"name": "play"}}
    listed_voices = {"voices": [{"provider": "playht", "voiceId": "jennifer"}]}
    voice = {"provider": "openai", "voiceId": "shimmer", "fallbackPlan": listed_voices}
    await operator.apply({**SPEC, "accounts": [*SPEC["accounts"], play], "voice": voice})
    await operator.settle()
    found = await condition(operator, "ProviderRetired")
    assert found is not None
    assert (found["status"], found["reason"]) == ("True", "ShutDown")
    assert "spec.voice.fallbackPlan.voices[0]: playht was shut down by its owner" in found["message"]
    assert [reason for reason, _ in await events(operator)] == ["ProviderRetired"]
    play["baseUrl"] = "https://play.example.com"
    await operator.apply({**SPEC, "accounts": [*SPEC["accounts"], play], "voice": voice})
    await operator.settle()
    assert await condition(operator, "ProviderRetired") is None


async def test_an_upgrade_that_learned_providers_starts_no_rollout(operator: Operator) -> None:
    """The stored revision is what an earlier operator made: only the voice's own account."""
    voice = {"provider": "openai", "voiceId": "shimmer"}
    await operator.apply({**SPEC, "voice": {**voice, "fallbackPlan": {"voices": []}}})
    await operator.settle()
    (before,) = await listed(operator.cluster, REVISION, operator.key.namespace)
    applied = await operator.apply({**SPEC, "voice": voice})
    status = {**(await operator.assistant())["status"], "observedGeneration": applied["metadata"]["generation"]}
    await operator.cluster.replace_status({**await operator.assistant(), "status": status})
    operator.restart()
    await operator.settle()
    assert await listed(operator.cluster, REVISION, operator.key.namespace) == [before]
    await operator.apply({**SPEC, "voice": voice, "turnBudget": "1s"})
    await operator.settle()
    assert len(await listed(operator.cluster, REVISION, operator.key.namespace)) == 2
