"""OpenAI's SDK in its Azure form, unmodified, against the simulated Azure OpenAI; and Microsoft Entra's endpoint."""

from typing import Any

import aiohttp
import openai
import pytest

from tests.contracts.simulator.conftest import Serve
from understudy.apps.simulator.server import Simulator

FAST = {"maitre-eu": {"firstMs": 0, "tokenMs": 0}}
HELLO = [{"role": "user", "content": "What are your opening hours?"}]
SAID = "We are open from noon to eleven, every day of the week."
APPLICATION = {"clientId": "app", "clientSecret": "s3cret", "expiresS": 60}
FORM = {
    "grant_type": "client_credentials",
    "client_id": "app",
    "client_secret": "s3cret",
    "scope": "https://cognitiveservices.azure.com/.default",
}


def client(simulator: Simulator, **how: Any) -> openai.AsyncAzureOpenAI:
    return openai.AsyncAzureOpenAI(
        azure_endpoint=simulator.url("acme"), api_version="2024-10-21", max_retries=0, **(how or {"api_key": "k"})
    )


async def test_a_deployments_url_streams_and_answers_whole(serve: Serve) -> None:
    """The deployment in the URL is the model; the stream begins with a chunk without choices, the content filter's."""
    async with serve(acme={"models": FAST, "apiKeys": ["k"]}) as simulator, client(simulator) as sdk:
        stream = await sdk.chat.completions.create(model="maitre-eu", messages=HELLO, stream=True)
        chunks = [chunk async for chunk in stream]
        whole = await sdk.chat.completions.create(model="maitre-eu", messages=HELLO)
    assert chunks[0].choices == []
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[1:]) == SAID
    assert whole.choices[0].message.content == SAID


async def test_the_v1_api_takes_the_deployments_name_in_the_body(serve: Serve) -> None:
    """With OpenAI's ordinary client, as Microsoft recommends; no `api-version`."""
    async with (
        serve(acme={"models": FAST, "apiKeys": ["k"]}) as simulator,
        openai.AsyncOpenAI(base_url=simulator.url("acme") + "/openai/v1", api_key="k") as sdk,
    ):
        answer = await sdk.chat.completions.create(model="maitre-eu", messages=HELLO)
    assert answer.choices[0].message.content == SAID


@pytest.mark.parametrize(
    ("key", "asked", "error", "code"),
    [
        ("wrong", {"model": "maitre-eu"}, openai.AuthenticationError, "401"),
        ("k", {"model": "unknown"}, openai.NotFoundError, "DeploymentNotFound"),
        ("k", {"model": "maitre-eu", "extra_query": {"api-version": ""}}, openai.NotFoundError, "404"),
    ],
)
async def test_errors_are_azures(
    serve: Serve, key: str, asked: dict[str, Any], error: type[openai.APIStatusError], code: str
) -> None:
    """A wrong key, an unknown deployment, a URL without `api-version`."""
    settings = {"models": FAST, "apiKeys": ["k"]}
    async with serve(acme=settings) as simulator, client(simulator, api_key=key) as sdk:
        with pytest.raises(error) as caught:
            await sdk.chat.completions.create(messages=HELLO, **asked)
    assert caught.value.code == code


async def test_a_token_of_entra_is_taken_like_a_key_until_it_expires(serve: Serve) -> None:
    """Client credentials in, a bearer token out, which the SDK sends."""
    lived = {**APPLICATION, "expiresS": 0}
    async with serve(acme={"models": FAST, "entra": APPLICATION}, old={"models": FAST, "entra": lived}) as simulator:
        tokens = {}
        async with aiohttp.ClientSession() as http:
            for name in ("acme", "old"):
                async with http.post(simulator.url(name) + "/tenant/oauth2/v2.0/token", data=FORM) as response:
                    tokens[name] = await response.json()
        async with client(simulator, azure_ad_token=tokens["acme"]["access_token"]) as sdk:
            answer = await sdk.chat.completions.create(model="maitre-eu", messages=HELLO)
        for stale in (tokens["old"]["access_token"], "made-up"):
            old = openai.AsyncOpenAI(base_url=simulator.url("old") + "/openai/v1", api_key=stale, max_retries=0)
            async with old:
                with pytest.raises(openai.AuthenticationError):
                    await old.chat.completions.create(model="maitre-eu", messages=HELLO)
    assert answer.choices[0].message.content == SAID
    assert (tokens["acme"]["token_type"], tokens["acme"]["expires_in"]) == ("Bearer", 60)


@pytest.mark.parametrize(
    ("settings", "change", "status", "error"),
    [
        ({}, {}, 400, "unauthorized_client"),
        ({"entra": APPLICATION}, {"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"entra": APPLICATION}, {"client_secret": "guess"}, 401, "invalid_client"),
        ({"entra": APPLICATION}, {"scope": "everything"}, 400, "invalid_scope"),
    ],
)
async def test_entra_gives_no_token_to_those_who_ask_wrongly(
    serve: Serve, settings: dict[str, Any], change: dict[str, str], status: int, error: str
) -> None:
    """With OAuth's error codes."""
    async with serve(acme=settings) as simulator, aiohttp.ClientSession() as http:
        url = simulator.url("acme") + "/tenant/oauth2/v2.0/token"
        async with http.post(url, data=FORM | change) as response:
            assert (response.status, (await response.json())["error"]) == (status, error)


async def test_limits_of_a_deployment_are_told_in_azures_way(serve: Serve) -> None:
    """Resets in whole seconds; 429 with Retry-After and retry-after-ms."""
    settings = {"models": FAST, "limits": {"requestsPerMinute": 6, "burstS": 10}}
    async with serve(acme=settings) as simulator, client(simulator) as sdk:
        first = await sdk.chat.completions.with_raw_response.create(model="maitre-eu", messages=HELLO)
        with pytest.raises(openai.RateLimitError) as caught:
            await sdk.chat.completions.create(model="maitre-eu", messages=HELLO)
    assert first.headers["x-ratelimit-limit-requests"] == "6"
    assert first.headers["x-ratelimit-remaining-requests"] == "0"
    assert first.headers["x-ratelimit-reset-requests"] == "10"
    refusal = caught.value.response.headers
    assert refusal["retry-after"] == "10"
    assert 9_000 < int(refusal["retry-after-ms"]) <= 10_000
