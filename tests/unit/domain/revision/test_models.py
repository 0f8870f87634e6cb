"""What users write about a model becomes a pool, what follows it, and how both are used."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.domain.revision.written import account, resolved, snapshot
from understudy.base.duration import format_ms
from understudy.base.errors import InvalidInput
from understudy.domain.revision.snapshot import Graceful, Limits, Model, ModelTarget, Pool, Slack

PAGE = (Path(__file__).resolve().parents[4] / "docs/reference/fallback.md").read_text()

EARS, MOUTH = account("ears", "deepgram"), account("mouth", "cartesia")
VOICE = {"provider": "cartesia", "voiceId": "v"}

AZURE = account("east", "azure-openai", baseUrl="https://east.openai.azure.com/")


def model(*deployments: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A model with these deployments."""
    listed = {"deployments": list(deployments)} if deployments else {}
    return {"name": "gpt-4o-mini", "systemPrompt": "You answer the phone.", **listed, **more}


def azure(entry: dict[str, Any], **changes: Any) -> ModelTarget:
    """What a deployment of an Azure account becomes."""
    east = {**AZURE, **changes}
    content = snapshot(
        accounts=[east, EARS, MOUTH], voice=VOICE, model=model({"name": "a", "account": "east", **entry})
    )
    (target,) = content.model.targets
    return target


def test_deployments_are_the_pool_and_the_plans_models_follow() -> None:
    """Two lists; an entry that is in both is in the pool only."""
    models = [{"name": "llm", "account": "llm"}, {"name": "spare", "account": "llm", "model": "other"}]
    found = snapshot({"models": models}).model
    assert [target.name for target in found.targets] == ["llm"]
    assert [(target.name, target.model) for target in found.fallbacks] == [("spare", "other")]


def test_what_is_not_said_about_a_pool_is_its_default() -> None:
    """Hedging, grace and slack are off."""
    found = snapshot().model
    assert (found.pool, found.graceful, found.slack, found.reasoning_effort) == (Pool(), None, None, None)
    assert snapshot({"retries": {}, "circuitBreaker": {}, "graceful": {}}).model == found


def test_what_is_said_about_a_pool_is_taken() -> None:
    """The assistant says how requests are spread, the plan what may be spent."""
    plan = {
        "retries": {"timeout": "2s", "max": 2, "budgetPercent": 20},
        "circuitBreaker": {"failures": 3, "openFor": "30s"},
        "graceful": {"askToRepeat": {"text": "Again?", "maxTimes": 3}, "simplerPrompt": {"text": "Keep it short."}},
    }
    better = {"betterDeployment": "b", "betterVoiceModel": "hd", "earlyBy": "400ms", "filler": "One moment."}
    two = {"name": "a", "account": "llm"}, {"name": "b", "account": "llm", "model": "larger"}
    routing = {"explorePercent": 1.5, "hedge": True, "hold": "FirstByte"}
    found = snapshot(plan, model=model(*two, routing=routing, reasoningEffort="low", slack=better)).model
    assert found.pool == Pool(
        explore_percent=1.5,
        max_extra_percent=20,
        hedge=True,
        max_attempts=3,
        breaker_failures=3,
        breaker_open_ms=30_000,
        hold="FirstByte",
    )
    assert (found.attempt_timeout_ms, found.reasoning_effort) == (2000, "low")
    assert found.graceful == Graceful(ask_to_repeat="Again?", ask_to_repeat_max=3, simpler_prompt="Keep it short.")
    assert found.slack == Slack(better_target="b", better_voice_model="hd", early_ms=400, filler="One moment.")


@pytest.mark.parametrize(
    ("graceful", "expected"),
    [
        ({"askToRepeat": {"text": "Again?"}}, Graceful(ask_to_repeat="Again?", ask_to_repeat_max=2)),
        ({"simplerPrompt": {"text": "Short."}}, Graceful(simpler_prompt="Short.")),
    ],
)
def test_each_grace_stands_alone(graceful: dict[str, Any], expected: Graceful) -> None:
    assert snapshot({"graceful": graceful}).model.graceful == expected


@pytest.mark.parametrize(
    ("entry", "name", "deployment"),
    [
        ({}, "gpt-4o-mini", "gpt-4o-mini"),
        ({"deployment": "mini-2"}, "gpt-4o-mini", "mini-2"),
        ({"model": "gpt-4o"}, "gpt-4o", "gpt-4o"),
        ({"model": "gpt-4o", "deployment": "large"}, "gpt-4o", "large"),
    ],
)
def test_an_azure_deployment_is_called_like_its_model_unless_said_otherwise(
    entry: dict[str, Any], name: str, deployment: str
) -> None:
    target = azure(entry)
    assert (target.model, target.deployment) == (name, deployment)


def test_an_azure_account_is_resolved() -> None:
    """What the proxy needs to ask it, and the limits as numbers."""
    east = {
        **AZURE,
        "auth": "EntraToken",
        "apiVersion": "2024-10-21",
        "region": "eastus",
        "limits": {"requestsPerMinute": 300, "tokensPerMinute": "200k"},
    }
    found = snapshot(accounts=[east, EARS, MOUTH], voice=VOICE).accounts["east"]
    assert (found.base_url, found.default_host) == ("https://east.openai.azure.com", True)
    assert (found.auth, found.api_version, found.region) == ("EntraToken", "2024-10-21", "eastus")
    assert found.limits == Limits(requests_per_minute=300, tokens_per_minute=200_000)


@pytest.mark.parametrize(
    ("base_url", "at_home"),
    [
        ("https://east.openai.azure.com", True),
        ("https://EAST.openai.azure.com:443/openai/v1", True),
        ("https://east.services.ai.azure.com", True),
        ("https://east.openai.azure.us", True),
        ("https://openai.azure.com", False),
        ("https://east.openai.azure.com.evil.example", False),
        ("https://east.openai.azure.com:8443", False),
        ("http://east.openai.azure.com", False),
        ("https://east.azure-api.net", False),
        ("http://simulator:8080/azure", False),
    ],
)
def test_an_azure_key_is_at_home_only_at_microsofts_hosts(base_url: str, at_home: bool) -> None:  # noqa: FBT001
    """Elsewhere allowed-hosts has to say so."""
    found = snapshot(accounts=[{**AZURE, "baseUrl": base_url}, EARS, MOUTH], voice=VOICE).accounts["east"]
    assert found.default_host == at_home


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, None),
        ({"requestsPerMinute": 60}, Limits(requests_per_minute=60)),
        ({"tokensPerMinute": "2M"}, Limits(tokens_per_minute=2_000_000)),
        ({"tokensPerMinute": "150000"}, Limits(tokens_per_minute=150_000)),
    ],
)
def test_limits_are_numbers(limits: dict[str, Any], expected: Limits | None) -> None:
    found = snapshot(accounts=[account("llm", "openai", limits=limits), EARS, MOUTH]).accounts["llm"]
    assert found.limits == expected


@pytest.mark.parametrize(
    ("plan", "changes", "field", "words"),
    [
        (
            None,
            {"accounts": [account("llm", "openai"), AZURE, EARS, MOUTH]},
            "spec.model.deployments.account",
            "say which account: spec.accounts has 2 with provider azure-openai or openai",
        ),
        (
            None,
            {"model": model({"name": "a", "account": "ears"})},
            "spec.model.deployments[0].account",
            "no account ears with provider azure-openai or openai",
        ),
        (
            None,
            {"model": model({"name": "a", "account": "llm", "deployment": "x"})},
            "spec.model.deployments[0].deployment",
            "llm is no Azure OpenAI; name what is sent to the provider in model",
        ),
        (
            {"models": [{"name": "x", "account": "llm", "deployment": "x"}]},
            {},
            "FallbackPlan house-rules spec.models[0].deployment",
            "llm is no Azure OpenAI",
        ),
        (
            None,
            {"model": model({"name": "a", "account": "llm"}, slack={"betterDeployment": "b"})},
            "spec.model.slack.betterDeployment",
            "b is not one of spec.model.deployments",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_is_named(
    plan: dict[str, Any] | None, changes: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolved(plan, **changes)
    assert caught.value.field == field
    assert words in str(caught.value)


LARGER = {"name": "b", "account": "llm", "model": "gpt-4o"}
GROQ = account("groq", "openai", baseUrl="https://api.groq.com/openai/v1")
MIX = "spec.model.deployments: gpt-4o and gpt-4o-mini answer the same call in turn"
PENNILESS = "spec.model.routing.hedge: retries.budgetPercent is 0"
SHARED = "FallbackPlan house-rules spec.models: b is also at api.openai.com; an outage there takes it with the pool"
ONE = {"name": "a", "account": "llm"}


@pytest.mark.parametrize(
    ("plan", "changes", "said"),
    [
        (None, {"model": model(ONE, {**ONE, "name": "c"})}, []),
        (None, {"model": model(ONE, LARGER)}, [MIX]),
        (None, {"model": model(ONE, LARGER, slack={"betterDeployment": "b"})}, []),
        ({"models": [LARGER]}, {"model": model(ONE)}, [SHARED]),
        (
            {"models": [{"name": "g", "account": "groq"}]},
            {"model": model(ONE), "accounts": [account("llm", "openai"), GROQ, EARS, MOUTH], "voice": VOICE},
            [],
        ),
        (
            {"retries": {"budgetPercent": 0}},
            {"model": model(ONE, {**ONE, "name": "c"}, routing={"hedge": True})},
            [PENNILESS],
        ),
        (None, {"model": model(ONE, {**ONE, "name": "c"}, routing={"hedge": True})}, []),
    ],
)
def test_what_may_surprise_about_a_pool_is_said(
    plan: dict[str, Any] | None, changes: dict[str, Any], said: list[str]
) -> None:
    """Warnings, not refusals."""
    warnings = resolved(plan, **changes).warnings
    assert len(warnings) == len(said)
    assert all(warning.startswith(words) for warning, words in zip(warnings, said, strict=True))


STORED = {
    "targets": [
        {"name": "a", "account": "llm", "model": "gpt-4o-mini"},
        {"name": "spare", "account": "llm", "model": "other"},
    ],
    "systemPrompt": "You answer the phone.",
    "tools": [],
    "attemptTimeoutMs": 4000,
}
"""A model as it was stored before there were pools: one deployment, and one of a plan."""


def test_a_revision_from_before_pools_goes_on_as_it_did() -> None:
    """Its targets were an order of preference, the plan's among them: they must not all take traffic now."""
    found = Model.model_validate_json(json.dumps(STORED))
    assert [target.name for target in found.targets] == ["a"]
    assert [target.name for target in found.fallbacks] == ["spare"]
    assert (found.pool, found.graceful, found.slack) == (Pool(), None, None)
    assert Model.model_validate(found.to_json()) == found


def test_an_upgrade_from_before_pools_rolls_nothing_out() -> None:
    """What the same assistant asks for now is what it was."""
    plan = {"models": [{"name": "spare", "account": "llm", "model": "other"}]}
    assert snapshot(plan, model=model(ONE)).model == Model.model_validate(STORED)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_pool_is_stored_and_read_as_it_is(count: int) -> None:
    """However many deployments it has."""
    targets = tuple(ModelTarget(name=f"t{n}", account="llm", model="m") for n in range(count))
    written = Model(targets=targets, system_prompt="p")
    assert Model.model_validate_json(json.dumps(written.to_json())) == written


def test_a_stored_revision_without_targets_is_read() -> None:
    assert Model.model_validate({**STORED, "targets": []}).targets == ()


@pytest.mark.parametrize(
    ("field", "default"),
    [
        ("explorePercent", f"{Pool().explore_percent:g} % of requests"),
        ("budgetPercent", f"{Pool().max_extra_percent:g} % of requests"),
        ("timeout", format_ms(Model(targets=(), system_prompt="").attempt_timeout_ms)),
        ("circuitBreaker", f"{Pool().breaker_failures} failures in a row; {format_ms(Pool().breaker_open_ms)}"),
    ],
)
def test_the_page_tells_the_defaults_that_apply_without_a_plan(field: str, default: str) -> None:
    """And they are those of the API's fields, so that an empty object changes nothing."""
    (row,) = (line for line in PAGE.splitlines() if line.startswith("| ") and f"{field}` |" in line)
    assert re.sub(r"([0-9])(ms|s|m|h)\b", r"\1 \2", default) in row
