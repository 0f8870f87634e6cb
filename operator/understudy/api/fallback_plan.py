"""FallbackPlan: what takes over, for many assistants at once."""

from typing import Annotated, ClassVar

from pydantic import Field

from understudy.api.base import ApiModel, DurationText, Sentence, duration_between
from understudy.api.language_model import MAX_DEPLOYMENTS, Deployment
from understudy.api.markers import MapList, NotBuilt, Rule
from understudy.api.transcriber import Standby, Transcribers
from understudy.api.voice import OFF_IS_OFF, Voices

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


_TELEPHONY = "use askToRepeat, or offer it in the system prompt"


class Graceful(ApiModel):
    """What the caller gets when no model answers."""

    ask_to_repeat: AskToRepeat | None = None
    """Ask to say it again, in place of the answer: by then one deployment may be back."""
    simpler_prompt: SimplerPrompt | None = None
    """Go on with a shorter prompt in the attempts that begin when the turn's budget is gone."""
    transfer: Annotated[Transfer | None, NotBuilt(_TELEPHONY)] = None
    """Hand over to a person."""
    voicemail: Annotated[Voicemail | None, NotBuilt(_TELEPHONY)] = None
    """Take a message."""
    callback: Annotated[Callback | None, NotBuilt(_TELEPHONY)] = None
    """Offer to call back."""


class Retries(ApiModel):
    """How long one attempt at the model may take, and how many there are."""

    timeout: Annotated[DurationText, duration_between("100ms", "10s", "4s")] = "4s"
    """Longest wait for the first clause of one attempt at the model: the ceiling of the deadline that is learned for
    each deployment. Then the next one is asked."""
    max: Annotated[int, Field(ge=0, le=10)] | None = None
    """Most attempts at the model after the first, in one turn. Absent: until all deployments and fallbacks were
    tried."""
    budget_percent: Annotated[int, Field(ge=0, le=100)] = 10
    """Most extra requests to models, in percent of requests: what was cut and fired again, retries and hedges together.
    The tokens they cost are bounded so. 10 covers 5 % of hangs twice."""


class CircuitBreaker(ApiModel):
    """When a deployment that fails is left alone."""

    failures: Annotated[int, Field(ge=1, le=1000)] = 5
    """Failures in a row that open it."""
    open_for: Annotated[DurationText, duration_between("1s", "2m", "5s")] = "5s"
    """How long it is left alone the first time; doubled each time that it fails again, up to two minutes."""


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
    """Deployments tried in this order when the assistant's pool is out."""
    auto_fallback: PlanAutoFallback | None = None
    """Whether other accounts are tried by themselves."""
    standby: Standby | None = None
    """Cold: the next transcriber is connected when it is needed. Connected: all the while, which costs money at
    providers that bill by open time. Absent: Cold."""
    retries: Retries | None = None
    """How long one attempt may take, and how many there are. Absent: as with every field at its default."""
    graceful: Graceful | None = None
    """What the caller gets when no model answers. Absent: the call ends and says why."""
    circuit_breaker: CircuitBreaker | None = None
    """When a deployment that fails is left alone. Absent: as with every field at its default."""
    max_concurrent_rollouts: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many assistants at most roll a change of this plan out at the same time. The others wait in line, in the
    order of their names, so that a plan that is bad meets the callers of one assistant and not of all: a rollback that
    a change of the plan led to holds the rest until the plan changes again, or that rollout is retried."""
