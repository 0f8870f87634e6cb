"""Who says how good a finished call was, besides the proxy's own cheap signals: `spec.quality`."""

from typing import Annotated

from pydantic import Field

from understudy.api.base import ApiModel, DurationText, HttpUrl, LocalRef, Name, duration_between
from understudy.api.markers import Rule

RUBRIC_LENGTH = 8192
"""Characters of a rubric: two pages, which is more than a model applies evenly."""


class JudgeModel(ApiModel):
    """A model that reads the transcript of a finished call and scores it, and is never told the call's arm."""

    account: Name
    """One of the assistant's accounts, openai or azure-openai or anything that speaks their protocol. Data zones and
    compliance hold for it as for the model."""
    model: Annotated[str, Field(min_length=1, max_length=128)]
    """Its name (azure-openai: of the deployment)."""
    rubric: Annotated[str, Field(min_length=1, max_length=RUBRIC_LENGTH)]
    """What makes a call good, in plain words. The score from 0 to 10 is asked for by us, as JSON."""
    sample_percent: Annotated[int, Field(ge=1, le=100)] = 20
    """Percent of stable's calls that are scored; of the canary's every one is, while it is being judged."""
    daily_calls: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    """Most calls that a proxy has scored in a day (UTC): the budget."""
    timeout: Annotated[DurationText, duration_between("1s", "120s", "20s")] = "20s"
    """Longest wait for a score; then the call has none."""


class ScoreWebhook(ApiModel):
    """Your own score: the finished call is POSTed, `{"score": 0.0 to 1.0}` is expected."""

    url: HttpUrl
    """Where to."""
    secret_ref: LocalRef | None = None
    """Secret whose apiKey signs the requests, as for `server`. Absent: they are not signed."""
    sample_percent: Annotated[int, Field(ge=1, le=100)] = 100
    """Percent of stable's calls that are scored; of the canary's every one is, while it is being judged."""
    timeout: Annotated[DurationText, duration_between("100ms", "60s", "5s")] = "5s"
    """Longest wait for a score; then the call has none."""


class Quality(ApiModel):
    """Scores of finished calls, for SLOs with the signals `Judge` and `Webhook`. No part of the revision."""

    judge: JudgeModel | None = None
    """A model that scores calls."""
    webhook: ScoreWebhook | None = None
    """Your own score."""


_CHAT = "['openai', 'azure-openai']"
_JUDGE = "self.quality.judge.account"


def _source(signal: str, source: str, instead: str) -> Rule:
    """An SLO about `signal` needs spec.quality.`source`: without it no call would ever have that score."""
    wants = f"has(self.slos) && self.slos.exists(s, has(s.score) && s.score.signal == '{signal}')"
    return Rule(
        f"!({wants}) || (has(self.quality) && has(self.quality.{source}))",
        f"an SLO has the signal {signal}: {instead}, or remove the SLO",
        at=f".quality.{source}",
        reason="FieldValueRequired",
    )


QUALITY_RULES = (
    Rule(
        f"!has(self.quality) || !has(self.quality.judge) "
        f"|| self.accounts.exists(a, a.name == {_JUDGE} && a.provider in {_CHAT})",
        "the judge's account is not in spec.accounts with provider openai or azure-openai; add it or name another",
        expression=f"'spec.accounts has no account ' + {_JUDGE} + ' with provider openai or azure-openai; add it or "
        "name another'",
        at=".quality.judge.account",
    ),
    _source("Judge", "judge", "give spec.quality.judge with account, model and rubric"),
    _source("Webhook", "webhook", "give spec.quality.webhook.url"),
)
"""For the assistant's spec, because they follow names and signals through it."""
