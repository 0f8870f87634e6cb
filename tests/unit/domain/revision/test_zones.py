"""Data zones fail closed: an account that is not known to be in one of them is not used, in whatever role."""

from typing import Any

import pytest

from tests.unit.domain.revision.written import account, resolved, snapshot
from understudy.api.zones import REGIONS_OF, in_zones
from understudy.base.errors import InvalidInput

EU = {"dataZones": ["eu"]}

LLM, EARS = account("llm", "openai", region="eu"), account("ears", "deepgram", region="eu")
FAR_LLM, FAR_EARS = account("far", "openai", region="us"), account("far-ears", "deepgram")
FAR_MOUTH = account("mouth", "cartesia")

ONE = {"name": "a", "account": "llm"}
MODEL = {"name": "m", "systemPrompt": "p", "deployments": [ONE]}
VOICE = {"provider": "openai", "account": "llm", "voiceId": "v"}
HEARS = {"provider": "deepgram", "account": "ears"}
INSIDE: dict[str, Any] = {"model": MODEL, "voice": VOICE, "transcriber": HEARS, "compliance": EU}
ALL = [LLM, EARS, FAR_LLM, FAR_EARS, FAR_MOUTH]


@pytest.mark.parametrize(
    ("region", "zones", "inside"),
    [
        ("eu", ["eu"], True),
        ("westeurope", ["eu"], True),
        ("eastus", ["eu", "us"], True),
        ("rack-7", ["rack-7"], True),
        ("eastus", ["eastus"], True),
        ("eastus", ["eu"], False),
        ("uksouth", ["eu"], False),
        ("rack-7", ["eu"], False),
        ("us", ["eastus"], False),
        (None, ["eu"], False),
        ("eu", [], False),
    ],
)
def test_a_region_is_in_its_zone(region: str | None, zones: list[str], inside: bool) -> None:  # noqa: FBT001
    """By its own name, or as one of Azure's regions; what is not known is outside."""
    assert in_zones(region, zones) == inside


def test_no_region_is_in_two_zones() -> None:
    """They are disjoint parts of the world."""
    every = [region for regions in REGIONS_OF.values() for region in regions]
    assert len(every) == len(set(every))


def test_without_zones_data_goes_anywhere() -> None:
    """Regions alone restrict nothing."""
    assert resolved(accounts=ALL, **{**INSIDE, "compliance": {}}).snapshot.voices[-1].account == "far"


@pytest.mark.parametrize(
    ("plan", "changes", "field"),
    [
        (
            None,
            {"model": {**MODEL, "deployments": [ONE, {"name": "b", "account": "far"}]}},
            "spec.model.deployments[1].account",
        ),
        (
            None,
            {
                "model": {"name": "m", "systemPrompt": "p"},
                "accounts": [FAR_LLM, EARS, {**FAR_MOUTH, "region": "eu"}],
                "voice": {"provider": "cartesia", "voiceId": "v"},
            },
            "spec.model.deployments.account",
        ),
        ({"models": [{"name": "b", "account": "far"}]}, {}, "FallbackPlan house-rules spec.models[0].account"),
        (None, {"transcriber": {"provider": "deepgram", "account": "far-ears"}}, "spec.transcriber.account"),
        (None, {"voice": {"provider": "cartesia", "voiceId": "v"}}, "spec.voice.account"),
        (
            None,
            {
                "transcriber": {
                    **HEARS,
                    "fallbackPlan": {"transcribers": [{"provider": "deepgram", "account": "far-ears"}]},
                }
            },
            "spec.transcriber.fallbackPlan.transcribers[0].account",
        ),
        (
            {"transcribers": [{"provider": "deepgram", "account": "far-ears"}]},
            {},
            "FallbackPlan house-rules spec.transcribers[0].account",
        ),
        (
            {"voices": [{"provider": "cartesia", "voiceId": "v"}]},
            {},
            "FallbackPlan house-rules spec.voices[0].account",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_account_that_is_named_and_outside_is_refused(
    plan: dict[str, Any] | None, changes: dict[str, Any], field: str
) -> None:
    """Primary or fallback, the assistant's or the plan's."""
    with pytest.raises(InvalidInput) as caught:
        resolved(plan, **{**INSIDE, "accounts": ALL, **changes})
    assert (caught.value.field, caught.value.reason) == (field, "DataZoneNotAllowed")
    assert "spec.compliance.dataZones allows eu" in str(caught.value)


def test_accounts_that_would_follow_by_themselves_are_left_out_and_named() -> None:
    """Automatic fallback is a convenience: it does not make the assistant invalid."""
    near = account("near", "deepgram", region="westeurope")
    found = resolved({"autoFallback": {"transcriber": True}}, **{**INSIDE, "accounts": [*ALL, near]})
    assert [each.account for each in found.snapshot.transcribers] == ["ears", "llm", "near"]
    assert [each.account for each in found.snapshot.voices] == ["llm", "ears", "near"]
    assert sorted(found.snapshot.accounts) == ["ears", "llm", "near"]
    left = [warning for warning in found.warnings if "left out" in warning]
    assert left == [
        (
            "spec.transcriber.fallbackPlan.autoFallback: left out, not known to be in spec.compliance.dataZones: "
            "far (us), far-ears (no region), mouth (no region)"
        ),
        (
            "spec.voice.fallbackPlan.autoFallback: left out, not known to be in spec.compliance.dataZones: "
            "far (us), far-ears (no region), mouth (no region)"
        ),
    ]


def test_azures_global_deployments_are_warned_about() -> None:
    """The resource's region does not say where they are computed."""
    east = account("east", "azure-openai", baseUrl="https://east.openai.azure.com", region="westeurope")
    model = {**MODEL, "deployments": [ONE, {"name": "b", "account": "east"}]}
    changes = {**INSIDE, "accounts": [LLM, EARS, east], "model": model}
    assert [w for w in resolved(**changes).warnings if "Global deployments of east" in w]
    assert not resolved(**{**changes, "compliance": {}}).warnings


def test_zones_alone_make_no_new_revision() -> None:
    """They decide what may be used, and that is what a revision holds."""
    accounts = [LLM, EARS]
    zoned = snapshot(**{**INSIDE, "accounts": accounts})
    assert zoned.digest() == snapshot(**{**INSIDE, "accounts": accounts, "compliance": {}}).digest()
