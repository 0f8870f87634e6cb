"""Azure OpenAI: its accounts and its deployments."""

from collections.abc import Iterator
from typing import Any

from tests.api.cases.case import Case, accepted, plan_accepted, refused
from tests.api.manifests import account

EAST: dict[str, Any] = {**account("east", "azure-openai"), "baseUrl": "https://east.openai.azure.com"}

AT = "spec.accounts[3]"

CARTESIA = {"provider": "cartesia", "voiceId": "v"}


def cases() -> Iterator[Case]:
    """Accounts, then deployments, then limits."""
    yield from _accounts()
    yield from _deployments()
    yield from _limits()


def _accounts() -> Iterator[Case]:
    pool = {"spec.model.deployments": [{"name": "east", "account": "east"}]}
    yield accepted("an Azure account with a key", {AT: EAST, **pool})
    dated = {**EAST, "auth": "EntraToken", "apiVersion": "2024-10-21"}
    yield accepted("an Azure account with a token and a dated version", {AT: dated, **pool})
    yield accepted("a preview version", {AT: {**EAST, "apiVersion": "2025-04-01-preview"}, **pool})
    yield accepted("auth by key, said", {AT: {**EAST, "auth": "ApiKey"}, **pool})
    endpoint = "azure-openai needs baseUrl: your resource's endpoint, such as https://my-resource.openai.azure.com"
    yield refused("Azure without its endpoint", {AT: account("east", "azure-openai")}, (f"{AT}.baseUrl", endpoint))
    keyless = {key: value for key, value in EAST.items() if key != "credentialsRef"} | {"auth": "EntraToken"}
    told = (f"{AT}.credentialsRef", "give credentialsRef: the Secret with tenantId, clientId and clientSecret")
    yield refused("a token without a Secret", {AT: keyless}, told)
    for version in ("v1", "latest", "2024-10", "2024-10-21-beta"):
        told = (f"{AT}.apiVersion", "write a dated version such as 2024-10-21, or remove it: the v1 API has none")
        yield refused(f"version {version}", {AT: {**EAST, "apiVersion": version}}, told)
    yield refused("unknown auth", {AT: {**EAST, "auth": "Managed"}}, (f"{AT}.auth", "Unsupported value"))
    for field, value in (("auth", "EntraToken"), ("apiVersion", "2024-10-21")):
        told = (f"spec.accounts[0].{field}", f"{field} is a setting of azure-openai: remove it, or change the provider")
        yield refused(f"{field} of another provider", {f"spec.accounts[0].{field}": value}, told)


def _deployments() -> Iterator[Case]:
    entry = {"name": "east", "account": "east", "deployment": "gpt-4o-mini-2"}
    yield accepted("an Azure deployment", {AT: EAST, "spec.model.deployments": [entry]})
    yield accepted("Azure is the only one for models", {"spec.accounts[0]": EAST, "spec.voice": CARTESIA})
    yield plan_accepted("an Azure deployment", {"spec.models": [entry]})
    told = "deployment is Azure OpenAI's; elsewhere name what is sent to the provider in model"
    yield refused(
        "a deployment's name at OpenAI",
        {"spec.model.deployments": [{"name": "one", "account": "openai", "deployment": "gpt"}]},
        ("spec.model.deployments", told),
    )
    yield refused(
        "OpenAI and Azure, and no deployments",
        {AT: EAST},
        ("spec.model.deployments", "list deployments: spec.accounts has no account"),
    )


def _limits() -> Iterator[Case]:
    path = "spec.accounts[0].limits"
    for tokens in ("200k", "2M", "150000"):
        yield accepted(f"{tokens} tokens a minute", {path: {"requestsPerMinute": 300, "tokensPerMinute": tokens}})
    for tokens in ("0", "1.5M", "200K", "-1", "many"):
        told = (f"{path}.tokensPerMinute", "write a number of tokens such as 200k or 2M")
        yield refused(f"{tokens} tokens a minute", {path: {"tokensPerMinute": tokens}}, told)
    told = (f"{path}.tokensPerMinute", "must be of type string")
    yield refused("a bare number of tokens", {path: {"tokensPerMinute": 150000}}, told)
    told = (f"{path}.requestsPerMinute", "greater than or equal to 1")
    yield refused("no requests a minute", {path: {"requestsPerMinute": 0}}, told)
    told = ("spec.accounts[1].limits", "limits is a setting of openai and azure-openai: remove it, or change")
    yield refused("limits of a transcriber", {"spec.accounts[1].limits": {"requestsPerMinute": 1}}, told)
