"""The examples resolve, and what the API lets through is what the revision can act on."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.fallback_plan import FallbackPlanSpec
from understudy.api.zones import REGIONS_OF
from understudy.apps.simulator.script import load
from understudy.domain.revision.resolve import Resolution, resolve

EXAMPLES = Path(__file__).resolve().parents[4] / "examples"
DEMO = EXAMPLES.parent / "operator/understudy/apps/simulator/demo.yaml"


def documents(*names: str) -> dict[str, Any]:
    """Kind → spec of what stands in these files."""
    loaded = (each for name in names for each in yaml.safe_load_all((EXAMPLES / name).read_text()))
    return {each["kind"]: each.get("spec") for each in loaded}


def resolved(*names: str) -> Resolution:
    found = documents(*names)
    spec = VoiceAssistantSpec.model_validate(found["VoiceAssistant"])
    prompt = "You answer the phone." if spec.model.system_prompt_from else None
    plan = found.get("FallbackPlan")
    return resolve(spec, FallbackPlanSpec.model_validate(plan) if plan else None, prompt, "agent:1")


def test_the_front_desk_has_something_to_fall_back_to_everywhere() -> None:
    """The demo's assistant: two of each."""
    content = resolved("10-fallback-plan.yaml", "20-front-desk.yaml").snapshot
    assert [target.account for target in content.model.targets] == ["openai"]
    assert [target.account for target in content.model.fallbacks] == ["openai-spare"]
    assert [transcriber.account for transcriber in content.transcribers] == ["deepgram", "deepgram-spare"]
    assert [voice.provider for voice in content.voices] == ["openai", "cartesia"]
    assert content.secrets() == ("simulated-cartesia", "simulated-deepgram", "simulated-openai")
    assert not any(account.default_host for account in content.accounts.values())


def test_the_demo_secrets_are_those_the_front_desk_needs() -> None:
    """Each with a key, and leave to use it at the simulator."""
    text = (EXAMPLES / "00-secrets.yaml").read_text()
    secrets = {each["metadata"]["name"]: each["stringData"] for each in yaml.safe_load_all(text)}
    content = resolved("10-fallback-plan.yaml", "20-front-desk.yaml").snapshot
    assert set(content.secrets()) <= set(secrets)
    for data in secrets.values():
        assert data["apiKey"]
        assert f"//{data['allowed-hosts']}:" in content.accounts["openai"].base_url


@pytest.mark.parametrize("patch", ["patch-slow", "patch-worse", "patch-good"])
def test_each_patch_changes_only_the_model(patch: str) -> None:
    """So that no agent pod is made for it."""
    before = resolved("10-fallback-plan.yaml", "20-front-desk.yaml").snapshot
    model = yaml.safe_load((EXAMPLES / f"demo/{patch}.yaml").read_text())["spec"]["model"]
    found = documents("10-fallback-plan.yaml", "20-front-desk.yaml")
    found["VoiceAssistant"]["model"] |= model
    spec = VoiceAssistantSpec.model_validate(found["VoiceAssistant"])
    after = resolve(spec, FallbackPlanSpec.model_validate(found["FallbackPlan"]), None, "agent:1").snapshot
    assert after.digest() != before.digest()
    assert after.agent.digest() == before.agent.digest()


@pytest.mark.parametrize("patch", [None, "patch-slow", "patch-worse", "patch-good"])
def test_every_revision_of_the_demo_has_a_spare_that_knows_its_model(patch: str | None) -> None:
    """A canary asks for a model that the spare account need not have: the plan names the spare's own."""
    found = documents("10-fallback-plan.yaml", "20-front-desk.yaml")
    if patch:
        found["VoiceAssistant"]["model"] |= yaml.safe_load((EXAMPLES / f"demo/{patch}.yaml").read_text())["spec"][
            "model"
        ]
    spec = VoiceAssistantSpec.model_validate(found["VoiceAssistant"])
    content = resolve(spec, FallbackPlanSpec.model_validate(found["FallbackPlan"]), None, "agent:1").snapshot
    accounts = load(DEMO).deployments
    for target in (*content.model.targets, *content.model.fallbacks):
        assert target.model in accounts[target.account].models


def test_the_example_on_real_providers_sends_keys_home_or_where_allowed() -> None:
    """Only accounts with a base URL of their own need allowed-hosts."""
    content = resolved("real/front-desk.yaml").snapshot
    away = sorted(name for name, account in content.accounts.items() if not account.default_host)
    assert away == ["deepgram-eu", "groq"]
    assert [transcriber.settings for transcriber in content.transcribers] == [
        {"keyterm": ["tiramisu", "gnocchi"], "smartFormat": True},
        {"keywords": ["gnocchi:2"]},
    ]


def test_the_example_of_a_pool_keeps_to_its_zone_and_warns_of_nothing_it_could_avoid() -> None:
    """What is left is what the operator cannot see."""
    found = resolved("real/model-pool.yaml")
    content = found.snapshot
    assert [target.name for target in content.model.targets] == ["sweden", "france", "germany", "sweden-larger"]
    assert [target.name for target in content.model.fallbacks] == ["openai-eu"]
    assert {account.region for account in content.accounts.values()} <= {"eu", *REGIONS_OF["eu"]}
    assert [w.split(":")[0] for w in found.warnings] == ["spec.compliance.dataZones"]


def test_the_example_on_real_providers_warns_of_nothing() -> None:
    """A user starts from it; the transcriber's provider is the same in another region on purpose."""
    (said,) = resolved("real/front-desk.yaml").warnings
    assert said.endswith("also deepgram; an outage of deepgram takes both")


def test_the_example_with_many_voices_has_whom_to_turn_to_and_warns_of_residency_alone() -> None:
    """Every provider of the chain is another one; automatic fallback is on, which is said."""
    found = resolved("real/many-voices.yaml")
    content = found.snapshot
    assert [each.provider for each in content.transcribers] == [
        "deepgram",
        "assembly-ai",
        "azure",
        "openai",
        "cartesia",
        "11labs",
    ]
    assert [each.provider for each in content.voices] == ["cartesia", "azure", "11labs", "deepgram"]
    assert all(account.default_host for account in content.accounts.values())
    (said,) = found.warnings
    assert "the caller's audio goes to openai (openai), cartesia (cartesia), 11labs (11labs)" in said
    assert found.retired == ()
