"""Who scores calls: the judge's account is followed as any other, and fails closed on zones and restrictions."""

from typing import Any

import pytest

from tests.unit.domain.revision.written import account, written
from understudy.api.assistant import VoiceAssistantSpec
from understudy.domain.revision.compliance import UNRESTRICTED, Restriction
from understudy.domain.revision.quality import resolve_quality

ACCOUNTS = [
    account("talks", "openai", region="eastus"),
    account("judges", "openai", region="westeurope"),
    account("nowhere", "openai"),
    account("ears", "deepgram", region="us"),
]
MODEL = {"name": "m", "systemPrompt": "p", "deployments": [{"name": "talks", "account": "talks"}]}
WEBHOOK = {"url": "https://scores.example", "secretRef": {"name": "signing"}}


def order(judge: str | None, installation: Restriction = UNRESTRICTED, **changes: Any) -> Any:
    quality: dict[str, Any] = {"webhook": WEBHOOK}
    if judge:
        quality["judge"] = {"account": judge, "model": "gpt", "rubric": "Be fair."}
    spec = written(**{"accounts": ACCOUNTS, "model": MODEL, "quality": quality, **changes})
    return resolve_quality(VoiceAssistantSpec.model_validate(spec), installation)


def test_nobody_scores_where_nobody_is_asked_to() -> None:
    assert resolve_quality(VoiceAssistantSpec.model_validate(written())) == (None, None)


def test_the_judges_account_is_resolved_as_any_account() -> None:
    found, refused = order("judges")
    assert refused is None
    assert (found.judge.model, found.judge_account.name, found.judge_account.secret) == ("gpt", "judges", "judges-key")
    assert found.judge_account.base_url == "https://api.openai.com/v1"
    assert found.webhook.secret_ref.name == "signing"


@pytest.mark.parametrize(
    ("judge", "reason", "word"),
    [
        ("judges", "DataZoneNotAllowed", "westeurope"),
        ("nowhere", "DataZoneNotAllowed", "has no region"),
        ("missing", "AccountNotFound", "missing"),
        ("ears", "AccountNotFound", "ears"),
    ],
)
def test_a_judge_that_may_not_hear_the_caller_is_left_out_and_the_webhook_stays(
    judge: str, reason: str, word: str
) -> None:
    found, refused = order(judge, compliance={"dataZones": ["us"]})
    assert (found.judge, found.judge_account, found.webhook.url) == (None, None, "https://scores.example")
    assert refused.reason == reason
    assert word in str(refused)
    assert str(refused).startswith("spec.quality.judge.account: ")


def test_a_judge_inside_the_zones_is_asked() -> None:
    assert order("talks", compliance={"dataZones": ["us"]})[0].judge


@pytest.mark.parametrize("restriction", [{"hipaa": True}, {"pci": True}])
@pytest.mark.parametrize("installed", [False, True], ids=["of the assistant", "of the installation"])
def test_under_a_restriction_only_who_talks_with_the_caller_may_judge(restriction: Any, installed: Any) -> None:
    """Nobody hears of a caller who does not hear them anyway; whoever else judges may be an agreement too few."""
    installation = Restriction(**restriction) if installed else UNRESTRICTED
    changes = {} if installed else {"compliance": restriction}
    found, refused = order("judges", installation, **changes)
    assert found.judge is None
    assert (refused.reason, "judges would read" in str(refused)) == ("ComplianceNotAllowed", True)
    assert order("talks", installation, **changes)[0].judge
