"""Who scores calls, and SLOs about scores."""

from collections.abc import Iterator
from typing import Any

from tests.api.cases.case import Case, accepted, refused
from tests.api.manifests import GONE, account

QUALITY = "spec.quality"
JUDGE: dict[str, Any] = {"account": "openai", "model": "gpt-4o", "rubric": "The caller was served."}
WEBHOOK: dict[str, Any] = {"url": "https://example.com/score"}
AZURE = account("azure-east", "azure-openai") | {"baseUrl": "https://r.openai.azure.com"}


def slo(signal: str) -> dict[str, Any]:
    """An SLO about scores."""
    return {"name": "score", "score": {"signal": signal, "minPercent": 70}}


def cases() -> Iterator[Case]:
    """The judge, the webhook, and the SLOs that need them."""
    yield from _judge()
    yield from _webhook()
    yield from _sources()


def _judge() -> Iterator[Case]:
    at = f"{QUALITY}.judge"
    yield accepted("a judge", {at: JUDGE})
    yield accepted("a judge on Azure", {"spec.accounts[3]": AZURE, at: JUDGE | {"account": "azure-east"},
                                        "spec.model.deployments": [{"name": "one", "account": "openai"}]})  # fmt: skip
    for name in ("nobody", "deepgram"):
        told = f"spec.accounts has no account {name} with provider openai or azure-openai; add it or name another"
        yield refused(f"a judge at {name}", {at: JUDGE | {"account": name}}, (f"{at}.account", told))
    form = "a name has lower-case letters, digits and '-'"
    yield refused("a judge at Not A Name", {at: JUDGE | {"account": "Not A Name"}}, (f"{at}.account", form))
    for field in JUDGE:
        yield refused(f"a judge without {field}", {at: JUDGE, f"{at}.{field}": GONE}, (f"{at}.{field}", "Required"))
    for field, good, bad in (
        ("samplePercent", 100, 0),
        ("samplePercent", 1, 101),
        ("dailyCalls", 1_000_000, 0),
        ("timeout", "120s", "999ms"),
        ("timeout", "1s", "121s"),
        ("rubric", "x" * 8192, "x" * 8193),
        ("model", "m", ""),
    ):
        yield accepted(f"judge's {field} {str(good)[:8]}", {at: JUDGE | {field: good}})
        told = "write a duration from 1s to 120s" if field == "timeout" else "should be"
        told = {"rubric": "may not be more than 8192 bytes", "model": "at least 1 chars"}.get(field, told)
        yield refused(f"judge's {field} {str(bad)[:8]}", {at: JUDGE | {field: bad}}, (f"{at}.{field}", told))


def _webhook() -> Iterator[Case]:
    at = f"{QUALITY}.webhook"
    yield accepted("a score webhook", {at: WEBHOOK | {"secretRef": {"name": "hook"}, "timeout": "2s"}})
    told = "write an absolute http:// or https:// URL"
    yield refused("a score webhook nowhere", {at: WEBHOOK | {"url": "example.com"}}, (f"{at}.url", told))
    longest = "write a duration from 100ms to 60s"
    yield refused("a slow score webhook", {at: WEBHOOK | {"timeout": "61s"}}, (f"{at}.timeout", longest))


def _sources() -> Iterator[Case]:
    for signal, source, value, told in (
        ("Judge", "judge", JUDGE, "give spec.quality.judge with account, model and rubric, or remove the SLO"),
        ("Webhook", "webhook", WEBHOOK, "give spec.quality.webhook.url, or remove the SLO"),
    ):
        other = {"judge": "webhook", "webhook": "judge"}[source]
        wrong = {"judge": JUDGE, "webhook": WEBHOOK}[other]
        at = f"{QUALITY}.{source}"
        slos = {"spec.slos": [{"name": "done", "score": {"signal": "Completion", "minPercent": 1}}, slo(signal)]}
        yield accepted(f"an SLO about {signal} with its source", {**slos, at: value})
        yield refused(f"an SLO about {signal} without a source", slos, (at, told))
        yield refused(f"an SLO about {signal} with {other}", {**slos, f"{QUALITY}.{other}": wrong}, (at, told))
