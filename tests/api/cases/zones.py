"""Data zones: everything the assistant names has to be known to be in one."""

from collections.abc import Iterator
from typing import Any

from tests.api.cases.case import Case, accepted, refused
from tests.api.manifests import account

ZONES = "spec.compliance.dataZones"
FORM = "a region or zone has lower-case letters, digits and '-', such as eastus or eu"
OUTSIDE = "an account is not known to be in one of compliance.dataZones: give it the region where its data stays"


def _accounts(**regions: str) -> list[dict[str, Any]]:
    """Accounts for everything, twice, in the EU unless said otherwise; `nowhere` is no region."""
    names = {"openai": "openai", "spare": "openai", "deepgram": "deepgram", "ears": "deepgram", "cartesia": "cartesia"}
    written = []
    for name, provider in names.items():
        region = regions.get(name, "eu")
        written.append({**account(name, provider), **({} if region == "nowhere" else {"region": region})})
    return written


NAMED: dict[str, Any] = {
    "spec.model.deployments": [{"name": "one", "account": "openai"}],
    "spec.transcriber.account": "deepgram",
    "spec.voice.account": "openai",
    ZONES: ["eu"],
}


def cases() -> Iterator[Case]:
    """Role by role."""
    yield accepted("all in the zone", {**NAMED, "spec.accounts": _accounts()})
    yield accepted("a region of the zone", {**NAMED, "spec.accounts": _accounts(openai="westeurope")})
    yield accepted("two zones", {**NAMED, ZONES: ["eu", "us"], "spec.accounts": _accounts(openai="eastus")})
    yield accepted(
        "a region for a zone", {**NAMED, ZONES: ["eu", "rack-7"], "spec.accounts": _accounts(openai="rack-7")}
    )
    yield accepted("nobody uses what is outside", {**NAMED, "spec.accounts": _accounts(spare="us", ears="nowhere")})
    yield accepted("regions without zones", {"spec.accounts[0].region": "eastus"})
    yield refused("no zone at all", {ZONES: []}, (ZONES, "should have at least 1 items"))
    for bad, told in (("East US", FORM), ("", "at least 1 chars"), ("x" * 33, "may not be more than 32 bytes")):
        yield refused(f"region {bad[:8]}", {"spec.accounts[0].region": bad}, ("spec.accounts[0].region", told))
    yield refused("a zone in capitals", {ZONES: ["EU"]}, (f"{ZONES}[0]", FORM))
    yield from _outside()


def _outside() -> Iterator[Case]:
    for where in ("nowhere", "us", "eastus", "uksouth"):
        yield refused(
            f"model and voice in {where}",
            {**NAMED, "spec.accounts": _accounts(openai=where)},
            ("spec.model", OUTSIDE),
            ("spec.voice", OUTSIDE),
        )
    yield refused(
        "one deployment outside",
        {
            **NAMED,
            "spec.accounts": _accounts(spare="us"),
            "spec.model.deployments": [{"name": "one", "account": "openai"}, {"name": "two", "account": "spare"}],
        },
        ("spec.model", OUTSIDE),
    )
    yield refused("accounts that are meant", {ZONES: ["eu"]}, ("spec.model", OUTSIDE), ("spec.transcriber", OUTSIDE))
    far = {**NAMED, "spec.accounts": _accounts(ears="us", cartesia="nowhere")}
    ears = [{"provider": "deepgram", "account": "ears"}]
    listed = "spec.transcriber.fallbackPlan.transcribers"
    yield refused("a fallback transcriber outside", {**far, listed: ears}, (listed, OUTSIDE))
    listed = "spec.voice.fallbackPlan.voices"
    yield refused(
        "a fallback voice outside", {**far, listed: [{"provider": "cartesia", "voiceId": "v"}]}, (listed, OUTSIDE)
    )
    near = {**NAMED, "spec.accounts": _accounts()}
    yield accepted("fallbacks inside", {**near, listed: [{"provider": "cartesia", "voiceId": "v"}]})
    judge = {"spec.quality.judge": {"account": "spare", "model": "gpt-4o", "rubric": "The caller was served."}}
    yield accepted("a judge inside", {**near, **judge})
    yield refused(
        "a judge outside",
        {**NAMED, "spec.accounts": _accounts(spare="us"), **judge},
        ("spec.quality.judge.account", OUTSIDE),
    )
    yield accepted("a fallback transcriber inside", {**near, "spec.transcriber.fallbackPlan.transcribers": ears})
