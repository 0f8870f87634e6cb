"""Accounts, and everything that names one."""

from collections.abc import Iterator
from typing import get_args

from tests.api.cases.case import Case, accepted, plan_accepted, plan_refused, refused
from tests.api.manifests import GONE, account
from understudy.api.accounts import AccountProvider

SEVERAL = [account("openai"), account("spare", "openai"), account("deepgram"), account("ears", "deepgram")]

NAME = "a name has lower-case letters, digits and '-'"
URL = "write an absolute URL without user, query or fragment"


def cases() -> Iterator[Case]:
    """Accounts themselves, then what refers to them."""
    yield from _accounts()
    yield from _urls()
    yield from _model()
    for field, items, provider in (("transcriber", "transcribers", "deepgram"), ("voice", "voices", "openai")):
        yield from _single(field, provider)
        yield from _listed(field, items, provider)


def _accounts() -> Iterator[Case]:
    for provider in get_args(AccountProvider):
        place = {"azure": {"region": "eastus"}, "azure-openai": {"baseUrl": "https://r.openai.azure.com"}}.get(provider)
        if provider not in ("openai", "deepgram", "cartesia", "azure-openai"):
            yield accepted(f"account with {provider}", {"spec.accounts[3]": account("other", provider) | (place or {})})
    custom = account("other", "azure") | {"baseUrl": "https://speech.example.com"}
    yield accepted("azure at an endpoint of its own", {"spec.accounts[3]": custom})
    yield refused(
        "azure without region",
        {"spec.accounts[3]": account("other", "azure")},
        ("spec.accounts[3].region", "azure needs region, the Speech resource's such as eastus, or baseUrl"),
    )
    yield accepted(
        "account without key at its own URL",
        {
            "spec.accounts[3]": {"name": "vllm", "provider": "openai", "baseUrl": "http://vllm:8000/v1"},
            "spec.model.deployments": [{"name": "vllm", "account": "vllm"}],
            "spec.voice.account": "openai",
        },
    )
    yield refused(
        "account without key",
        {"spec.accounts[0].credentialsRef": GONE},
        ("spec.accounts[0].credentialsRef", "give credentialsRef, the Secret with the apiKey"),
    )
    yield refused(
        "account with unknown provider",
        {"spec.accounts[0].provider": "openapi"},
        ("spec.accounts[0].provider", 'Unsupported value: "openapi"'),
    )
    yield refused(
        "two accounts of a name",
        {"spec.accounts[3]": account("openai")},
        ("spec.accounts[3]", "Duplicate value"),
    )
    yield refused("no account", {"spec.accounts": []}, ("spec.accounts", "should have at least 1 items"))
    yield refused("account in capitals", {"spec.accounts[2].name": "Cartesia"}, ("spec.accounts[2].name", NAME))


def _urls() -> Iterator[Case]:
    for good in ("https://api.example.com/v1", "http://10.0.0.1:8000", "ws://host/path", "wss://host"):
        yield accepted(f"baseUrl {good}", {"spec.accounts[0].baseUrl": good})
    for bad in ("api.example.com", "ftp://host", "https://", "https://user@host", "https://host?x=1", "https://host#x"):
        yield refused(f"baseUrl {bad}", {"spec.accounts[0].baseUrl": bad}, ("spec.accounts[0].baseUrl", URL))


def _model() -> Iterator[Case]:
    one = {"name": "one", "account": "openai"}
    yield accepted("a deployment", {"spec.model.deployments": [{**one, "model": "gpt-4o"}]})
    yield accepted(
        "forty accounts and deployments",
        {
            "spec.accounts": [account(f"a{n}", "openai") for n in range(40)] + [account("deepgram")],
            "spec.model.deployments": [{"name": f"d{n}", "account": f"a{n}"} for n in range(40)],
            "spec.voice.account": "a0",
        },
    )
    missing = "a deployment's account is not in spec.accounts with provider openai or azure-openai"
    for name, wrong in (("missing", "nobody"), ("of another provider", "deepgram")):
        change = {"spec.model.deployments": [one, {"name": "two", "account": wrong}]}
        yield refused(f"deployment's account {name}", change, ("spec.model.deployments", missing))
    yield refused(
        "no deployments, several accounts",
        {"spec.accounts": SEVERAL, "spec.transcriber.account": "ears", "spec.voice.account": "openai"},
        (
            "spec.model.deployments",
            "list deployments: spec.accounts has no account with provider openai or azure-openai, or several",
        ),
    )
    for key in ("name", "account"):
        bad = {**one, key: "Not A Name"}
        yield refused(
            f"deployment's {key}", {"spec.model.deployments": [bad]}, (f"spec.model.deployments[0].{key}", NAME)
        )
        yield plan_refused(f"model's {key}", {"spec.models": [bad]}, (f"spec.models[0].{key}", NAME))
    yield plan_accepted("models", {"spec.models": [{**one, "model": "gpt-4o"}]})


def _entry(field: str, provider: str, **more: str) -> dict[str, str]:
    return {"provider": provider, **({"voiceId": "v"} if field == "voice" else {}), **more}


def _several(field: str) -> dict[str, object]:
    """Two accounts of each provider, everything but `field` saying which."""
    changes: dict[str, object] = {
        "spec.accounts": SEVERAL,
        "spec.model.deployments": [{"name": "one", "account": "openai"}],
        "spec.transcriber.account": "deepgram",
        "spec.voice.account": "openai",
    }
    return {path: value for path, value in changes.items() if path != f"spec.{field}.account"}


def _single(field: str, provider: str) -> Iterator[Case]:
    at = f"spec.{field}.account"
    yield accepted(f"{field} by account", {at: provider})
    yield accepted(f"{field} by one of several accounts", {**_several(field), at: provider})
    for name, wrong in (("missing", "nobody"), ("of another provider", "cartesia")):
        told = f"spec.accounts has no account {wrong} with provider {provider}"
        yield refused(f"{field}'s account {name}", {at: wrong}, (at, told))
    yield refused(
        f"{field}: several accounts",
        _several(field),
        (at, f"say which account: spec.accounts has none, or several, with provider {provider}"),
    )
    yield refused(
        f"{field}: none of the kind",
        {
            "spec.accounts": [account("cartesia")],
        },
        (at, f"say which account: spec.accounts has none, or several, with provider {provider}"),
    )
    yield refused(f"{field}'s account in capitals", {at: "Nobody"}, (at, NAME))


def _listed(field: str, items: str, provider: str) -> Iterator[Case]:
    path = f"spec.{field}.fallbackPlan.{items}"
    fine = _entry(field, provider, account=provider)
    yield accepted(f"{items} by account", {path: [fine, _entry(field, provider)]})
    for name, wrong in (("missing", "nobody"), ("of another provider", "cartesia")):
        yield refused(
            f"{items}: account {name}",
            {path: [fine, _entry(field, provider, account=wrong)]},
            (path, "an entry's account is not in spec.accounts with the entry's provider"),
        )
    yield refused(
        f"{items}: several accounts",
        {**_several(""), path: [_entry(field, provider)]},
        (path, "say which account in each entry"),
    )
    capital = _entry(field, provider, account="Nobody")
    yield refused(f"{items}: account in capitals", {path: [capital]}, (f"{path}[0].account", NAME))
    yield plan_accepted(f"{items} by account", {f"spec.{items}": [fine]})
    yield plan_refused(
        f"{items}: account in capitals", {f"spec.{items}": [capital]}, (f"spec.{items}[0].account", NAME)
    )
