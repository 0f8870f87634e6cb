"""FallbackPlan: what takes over, for many assistants at once."""

from typing import Annotated, ClassVar

from pydantic import Field

from understudy.api.base import ApiModel, DurationText, duration_between
from understudy.api.language_model import MAX_DEPLOYMENTS, Deployment
from understudy.api.markers import MapList, NotBuilt, Rule
from understudy.api.transcriber import Transcribers
from understudy.api.voice import OFF_IS_OFF, Voices

Sentence = Annotated[str, Field(min_length=1, max_length=1024)]
"""Something said to the caller."""

PhoneNumber = Annotated[
    str,
    Field(min_length=2, max_length=16),
    Rule("self.matches('^[+][1-9][0-9]+$')", 'write an international number such as "+15550100"'),
]


class PlanAutoFallback(ApiModel):
    """Whether other accounts are tried by themselves."""

    transcriber: bool | None = None
    """After all listed transcribers. Absent: off."""
    voice: bool | None = None
    """After all listed voices. Absent: only when no list of voices is given anywhere."""


class AskToRepeat(ApiModel):
    """Ask the caller to say it again."""

    text: Sentence
    """What is said."""
    max_times: Annotated[int, Field(ge=1, le=10)] = 2
    """In a row."""


class SimplerPrompt(ApiModel):
    """Go on with a shorter prompt."""

    text: Annotated[str, Field(min_length=1, max_length=8192)]
    """The system prompt used instead."""


class Transfer(ApiModel):
    """Hand the caller to a person."""

    number: PhoneNumber
    """Where to."""
    ring_timeout: Annotated[DurationText, duration_between("5s", "2m", "30s")] = "30s"
    """How long it rings."""


class Voicemail(ApiModel):
    """Let the caller leave a message."""

    text: Sentence
    """What is said first."""
    max_duration: Annotated[DurationText, duration_between("5s", "10m", "2m")] = "2m"
    """Longest message."""


class Callback(ApiModel):
    """Offer to call back."""

    offer: bool
    """Whether it is offered."""


class Graceful(ApiModel):
    """What the caller is offered when nothing else is left."""

    ask_to_repeat: AskToRepeat | None = None
    """Ask to say it again."""
    simpler_prompt: SimplerPrompt | None = None
    """Go on with a shorter prompt."""
    transfer: Transfer | None = None
    """Hand over to a person."""
    voicemail: Voicemail | None = None
    """Take a message."""
    callback: Callback | None = None
    """Offer to call back."""


class Retries(ApiModel):
    """How long one attempt may take, and how many there are."""

    timeout: Annotated[DurationText, duration_between("100ms", "10s", "4s")] = "4s"
    """Longest wait for the first useful output of one attempt at the model; then the next deployment is tried."""
    max: Annotated[
        int | None, Field(ge=0, le=10), NotBuilt("list as many deployments and models as there should be attempts")
    ] = None
    """Attempts after the first."""
    budget_percent: Annotated[
        int | None, Field(ge=0, le=100), NotBuilt("leave it out; each deployment is tried once a turn")
    ] = None
    """Most retries, in percent of requests."""


class CircuitBreaker(ApiModel):
    """When an account that fails is left alone."""

    failures: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Failures in a row that open it."""
    open_for: Annotated[DurationText, duration_between("1s", "10m", "30s")] | None = None
    """How long it is left alone."""


class FallbackPlanSpec(ApiModel):
    """What takes over when a transcriber, a voice or a model fails. An assistant's own lists go before these."""

    rules: ClassVar = (
        Rule(
            "!(has(self.voices) && size(self.voices) == 0 && has(self.autoFallback) && has(self.autoFallback.voice) "
            "&& self.autoFallback.voice)",
            OFF_IS_OFF,
            at=".autoFallback",
        ),
    )

    transcribers: Transcribers | None = None
    """Tried in this order where the assistant lists none itself. []: none. Absent: none listed here."""
    voices: Voices | None = None
    """Tried in this order where the assistant lists none itself. []: no fallback. Absent: other accounts' voices."""
    models: Annotated[tuple[Deployment, ...], Field(max_length=MAX_DEPLOYMENTS), MapList()] | None = None
    """Deployments tried after the assistant's own, in this order."""
    auto_fallback: PlanAutoFallback | None = None
    """Whether other accounts are tried by themselves."""
    retries: Retries | None = None
    """How long one attempt may take."""
    graceful: Annotated[Graceful | None, NotBuilt("say in the system prompt what to offer the caller")] = None
    """What the caller is offered when nothing else is left."""
    circuit_breaker: Annotated[
        CircuitBreaker | None, NotBuilt("leave it out; each attempt is bounded by retries.timeout")
    ] = None
    """When an account that fails is left alone."""
