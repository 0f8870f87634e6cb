"""HIPAA and PCI: who may be a fallback transcriber, wherever it is listed, and what becomes of a list with others."""

from typing import Any

import pytest

from tests.unit.domain.revision.written import account, resolved
from understudy.api.operations import Compliance
from understudy.base.errors import InvalidInput
from understudy.domain.revision.compliance import Restriction, in_force

ACCOUNTS = [
    account("llm", "openai"),
    account("ears", "deepgram"),
    account("spare", "deepgram"),
    account("azure", "azure", region="eastus"),
    account("gladia", "gladia"),
    account("mouth", "cartesia"),
]
MODEL = {"name": "m", "systemPrompt": "p"}
FIRST = {"provider": "deepgram", "account": "ears"}
GLADIA, AZURE = {"provider": "gladia"}, {"provider": "azure"}
SPARE = {"provider": "deepgram", "account": "spare"}
SWITCH = {"autoFallback": {"enabled": True}}


def heard(plan: dict[str, Any] | None = None, on: str = "hipaa", **changes: Any) -> Any:
    base = {"accounts": ACCOUNTS, "model": MODEL, "transcriber": FIRST, "compliance": {on: True}}
    return resolved(plan, **{**base, **changes})


def accounts_of(found: Any) -> list[str]:
    return [each.account for each in found.snapshot.transcribers]


@pytest.mark.parametrize("on", ["hipaa", "pci"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_plan_with_one_that_does_not_fit_is_not_used(on: str, place: int) -> None:
    """None of its transcribers, nor its switch: a list that is half used is another list than anybody wrote."""
    entries = [SPARE, AZURE]
    entries.insert(place, GLADIA)
    found = heard({"transcribers": entries, "autoFallback": {"transcriber": True}, "voices": []}, on)
    assert accounts_of(found) == ["ears"]
    assert isinstance(found.refused, InvalidInput)
    assert found.refused.reason == "ComplianceNotAllowed"
    assert found.refused.field == f"FallbackPlan house-rules spec.transcribers[{place}].provider"
    assert f"gladia may not be a fallback under {on.upper()}, only deepgram and azure" in str(found.refused)
    assert len(found.snapshot.voices) == 1


def test_a_plan_that_fits_is_used() -> None:
    found = heard({"transcribers": [SPARE, AZURE]})
    assert accounts_of(found) == ["ears", "spare", "azure"]
    assert found.refused is None


def test_the_assistants_own_switch_holds_without_the_plan() -> None:
    """It is no part of the plan; automatic ones are held to the same."""
    found = heard({"transcribers": [GLADIA]}, transcriber={**FIRST, "fallbackPlan": SWITCH})
    assert accounts_of(found) == ["ears", "azure", "spare"]
    assert found.refused is not None


def test_automatic_ones_that_do_not_fit_are_left_out_with_a_warning() -> None:
    found = heard({"autoFallback": {"transcriber": True}})
    assert accounts_of(found) == ["ears", "azure", "spare"]
    field = "spec.transcriber.fallbackPlan.autoFallback"
    assert f"{field}: left out under HIPAA: llm (openai), gladia (gladia), mouth (cartesia)" in found.warnings
    assert found.refused is None


@pytest.mark.parametrize("installation", [Restriction(hipaa=True), Restriction(pci=True)], ids=["hipaa", "pci"])
def test_what_holds_for_the_installation_holds_for_every_assistant(installation: Restriction) -> None:
    """The API server cannot know of it: the assistant's own list is not used either, and nothing in its place."""
    transcriber = {**FIRST, "fallbackPlan": {"transcribers": [AZURE, GLADIA]}}
    plan = {"transcribers": [SPARE]}
    found = heard(plan, installation=installation, compliance={}, transcriber=transcriber)
    assert accounts_of(found) == ["ears"]
    assert found.refused.field == "spec.transcriber.fallbackPlan.transcribers[1].provider"
    assert f"under {installation.why}" in str(found.refused)
    fits = heard(plan, installation=installation, compliance={})
    assert accounts_of(fits) == ["ears", "spare"]


def test_the_first_transcriber_is_the_users_choice() -> None:
    """Fallbacks are what nobody watches."""
    found = heard(transcriber=GLADIA)
    assert accounts_of(found) == ["gladia"]
    assert found.refused is None


def test_voices_that_are_named_are_used_and_warned_about_and_others_do_not_follow() -> None:
    """What is said to the caller is theirs too; nobody named those who would follow by themselves."""
    named = {
        "provider": "openai",
        "voiceId": "a",
        "fallbackPlan": {"voices": [{"provider": "cartesia", "voiceId": "b"}]},
    }
    found = heard(voice=named)
    assert [v.account for v in found.snapshot.voices] == ["llm", "mouth"]
    told = "spec.voice.fallbackPlan.voices[0]: under HIPAA, see that you have an agreement with cartesia"
    assert [w for w in found.warnings if w.startswith(told)]
    alone = heard(voice={"provider": "openai", "voiceId": "a"})
    assert [v.account for v in alone.snapshot.voices] == ["llm", "ears", "spare", "azure"]
    assert "spec.voice.fallbackPlan.autoFallback: left out under HIPAA: mouth (cartesia)" in alone.warnings


def test_without_it_anybody_may_take_over() -> None:
    found = heard({"transcribers": [GLADIA]}, compliance={"hipaa": False, "pci": False})
    assert accounts_of(found) == ["ears", "gladia"]
    assert found.refused is None


@pytest.mark.parametrize(
    ("written", "installation", "why"),
    [
        (None, Restriction(), ""),
        (Compliance(), Restriction(), ""),
        (Compliance(hipaa=True), Restriction(), "HIPAA"),
        (None, Restriction(pci=True), "PCI"),
        (Compliance(hipaa=False, pci=False), Restriction(pci=True), "PCI"),
        (Compliance(hipaa=True), Restriction(pci=True), "HIPAA and PCI"),
    ],
)
def test_neither_takes_back_what_the_other_says(
    written: Compliance | None, installation: Restriction, why: str
) -> None:
    found = in_force(written, installation)
    assert (found.on, found.why) == (bool(why), why)
    assert found.allows("gladia") == (not why)
    assert found.allows("azure")
    assert found.allows("deepgram")
