"""How a change reaches callers (`spec.rollout`) and what it is judged by (`spec.slos`)."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from understudy.base.duration import PATTERN

Duration = Annotated[str, Field(pattern=PATTERN, min_length=2, max_length=20)]
"""Whole units, largest first: `800ms`, `5s`, `1h30m`."""

MAX_STEPS = 20
"""Steps of one rollout; also keeps the CEL rules within the API server's cost limit."""

MAX_SLOS = 10
"""SLOs of one assistant: alpha is shared over them, so more of them make each slower to notice."""


def _rules(*rules: tuple[str, str]) -> dict[str, Any]:
    """CEL rules as (rule, message) for a model's `json_schema_extra`."""
    return {"x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in rules]}


def _not_built(field: str, what: str) -> tuple[str, str]:
    return (f"!has(self.{field})", f"{field} is not built yet: {what}")


def _exactly_one(*fields: str) -> tuple[str, str]:
    listed = ", ".join(f"has(self.{field})" for field in fields)
    return (f"[{listed}].exists_one(given, given)", f"write exactly one of {', '.join(fields)}")


class RolloutModel(BaseModel):
    """Base of the models here: frozen, camelCase on the wire."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class OnRegression(StrEnum):
    """What follows when the canary is judged worse than stable."""

    ROLLBACK = "Rollback"
    PAUSE = "Pause"


class OnInsufficientData(StrEnum):
    """What follows when calls that would settle the verdict do not come within `dataDeadline`."""

    HOLD = "Hold"
    PAUSE = "Pause"
    ROLLBACK = "Rollback"
    PROMOTE = "Promote"


class RescueMode(StrEnum):
    """What happens to live canary calls on a rollback."""

    NEXT_TURN = "NextTurn"
    PIN = "Pin"


class PauseStep(RolloutModel):
    """Keeps the weight. The canary is judged all the while."""

    duration: Duration | None = Field(
        default=None,
        description="How long, such as 2m, counted from the moment the pause began. Absent: until "
        "`kubectl annotate va/NAME understudy.dev/resume=REQUEST-ID`.",
    )


class ReplayStep(RolloutModel):
    """Golden calls against the canary before live traffic."""

    calls_ref: str | None = Field(default=None, max_length=253, description="ConfigMap with the scripted calls.")


class ShadowStep(RolloutModel):
    """Mirrors turns to the canary and discards its answers."""

    percent: int | None = Field(default=None, ge=1, le=100, description="Percent of turns to mirror.")


class AnalysisStep(RolloutModel):
    """Waits for a number of calls."""

    min_calls: int | None = Field(default=None, ge=1, le=100_000, description="Canary calls to wait for.")
    max_duration: Duration | None = Field(default=None, description="Longest wait, such as 1h.")


class Step(RolloutModel):
    """One step of a rollout: exactly one of its fields."""

    model_config = ConfigDict(
        json_schema_extra=_rules(
            _exactly_one("setWeight", "pause", "replay", "shadow", "analysis"),
            _not_built("replay", "start with a small setWeight instead"),
            _not_built("shadow", "start with a small setWeight instead"),
            _not_built("analysis", "a setWeight step waits for its share of minCalls by itself"),
        )
    )

    set_weight: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="Percent of new calls that go to the canary. The step is done when every ready proxy has "
        "acknowledged the weight and the canary has finished its share of minCalls (minCalls is spread evenly "
        "over the setWeight steps).",
    )
    pause: PauseStep | None = Field(default=None, description="Keep the weight for a time, or until resumed.")
    replay: ReplayStep | None = Field(default=None, description="Not built yet.")
    shadow: ShadowStep | None = Field(default=None, description="Not built yet.")
    analysis: AnalysisStep | None = Field(default=None, description="Not built yet.")


_NEVER_DOWN = (
    "!has(self.steps) || self.steps.filter(step, has(step.setWeight)).map(step, step.setWeight).isSorted()",
    "weights never go down: write each setWeight at least as large as the one before it",
)
_SOME_WEIGHT = (
    "!has(self.steps) || self.steps.exists(step, has(step.setWeight))",
    "steps need at least one setWeight: without one no caller ever meets the canary",
)


class RolloutSpec(RolloutModel):
    """How a new revision reaches callers. No part of the revision: changing it starts no rollout."""

    model_config = ConfigDict(json_schema_extra=_rules(_NEVER_DOWN, _SOME_WEIGHT))

    steps: tuple[Step, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_STEPS,
        description="Taken in order; after the last one the canary is promoted once every SLO has passed. "
        "Absent: setWeight 10, then setWeight 50.",
    )
    min_calls: int = Field(
        default=30,
        ge=1,
        le=100_000,
        description="Finished canary calls with data that each SLO needs before it can pass, over the whole rollout. "
        "A clear regression is found with fewer.",
    )
    on_regression: OnRegression = Field(
        default=OnRegression.ROLLBACK,
        description="Rollback: stable takes everything at once. Pause: new calls go to stable and the rollout waits "
        "for abort or retry.",
    )
    on_insufficient_data: OnInsufficientData = Field(
        default=OnInsufficientData.HOLD,
        description="What follows when a step has waited for calls longer than dataDeadline. Hold: keep waiting, and "
        "say so in the condition Stalled. Pause: wait for promote, resume or abort. Rollback: back to stable. "
        "Promote: go on to the next step, in the end to promotion, unless an SLO is failing.",
    )
    rescue: RescueMode = Field(
        default=RescueMode.NEXT_TURN,
        description="Live canary calls on a rollback. NextTurn: stable serves them from their next turn. "
        "Pin: they end on the canary.",
    )
    false_rollback_percent: float = Field(
        default=1.0,
        ge=0.01,
        le=20,
        description="Alpha: how many of 100 rollouts of a revision that is no worse may be rolled back by chance. "
        "For the whole rollout, however often it is looked at; shared evenly over the SLOs.",
    )
    progress_deadline: Duration = Field(
        default="10m",
        description="Longest wait for the canary's pods to be ready. Past it the rollout is rolled back.",
    )
    data_deadline: Duration = Field(
        default="1h",
        description="Longest wait of one step for calls. Past it onInsufficientData decides.",
    )


class LatencySignal(StrEnum):
    """Times that a latency SLO can be about."""

    TURN = "Turn"
    FIRST_RESPONSE = "FirstResponse"


class RatioSignal(StrEnum):
    """Shares that should be small."""

    DROPPED_CALLS = "DroppedCalls"
    FAILED_TOOLS = "FailedTools"
    WEBHOOK_ERRORS = "WebhookErrors"
    REPROMPTS = "Reprompts"
    ABANDONMENT = "Abandonment"


class ScoreSignal(StrEnum):
    """Shares that should be large."""

    QUALITY = "Quality"
    COMPLETION = "Completion"


Percent = Annotated[float, Field(ge=0, le=100)]

_MARGIN = (
    "How many percentage points the canary may be worse than stable. More than this, and beyond chance, is a "
    "regression; a canary passes only within it."
)


class LatencySlo(RolloutModel):
    """The share of slow answers."""

    signal: LatencySignal = Field(
        description="Turn: the caller's last audible frame to the first audible frame of the answer, each turn "
        "(an unanswered turn counts as slow). FirstResponse: call accepted to first audible frame."
    )
    threshold: Duration = Field(description="What counts as slow, such as 1200ms.")
    max_percent_over: Percent = Field(default=5.0, description="Percent of answers that may be slow.")
    margin_percent: Percent = Field(default=2.0, description=_MARGIN)


class RatioSlo(RolloutModel):
    """The share of what went wrong."""

    signal: RatioSignal = Field(
        description="DroppedCalls: calls ended by a failure. FailedTools: tool calls that failed. WebhookErrors: "
        "webhook requests that failed. Reprompts: turns in which the assistant asked the caller to repeat. "
        "Abandonment: callers who gave up."
    )
    max_percent: Percent = Field(description="Percent that may go wrong.")
    margin_percent: Percent = Field(default=1.0, description=_MARGIN)


class ScoreSlo(RolloutModel):
    """The share of what went well."""

    signal: ScoreSignal = Field(
        description="Quality: turns without a defect (empty, repeated, reprompt), with a completed call as one more "
        "good item and an abandoned call as one more bad one. Completion: calls that reached a goodbye."
    )
    min_percent: Percent = Field(description="Percent that must go well.")
    margin_percent: Percent = Field(default=5.0, description=_MARGIN)


class PrometheusSlo(RolloutModel):
    """A query of your own."""

    query: str | None = Field(default=None, max_length=4096, description="PromQL that yields one number.")
    min: str | None = Field(default=None, max_length=32, description='Smallest good value, such as "0.6".')
    max: str | None = Field(default=None, max_length=32, description="Largest good value.")


class Slo(RolloutModel):
    """One promise about calls: exactly one of latency, ratio, score, prometheus."""

    model_config = ConfigDict(
        json_schema_extra=_rules(
            _exactly_one("latency", "ratio", "score", "prometheus"),
            _not_built("prometheus", "use latency, ratio or score"),
        )
    )

    name: str = Field(
        min_length=1,
        max_length=40,
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        description="Shown in readings, events and the reason of a rollback.",
    )
    latency: LatencySlo | None = Field(default=None, description="The share of slow answers.")
    ratio: RatioSlo | None = Field(default=None, description="The share of what went wrong.")
    score: ScoreSlo | None = Field(default=None, description="The share of what went well.")
    prometheus: PrometheusSlo | None = Field(default=None, description="Not built yet.")

    @classmethod
    def turns_within(cls, name: str, threshold: str, max_percent_over: float, margin_percent: float) -> Self:
        """A latency SLO over turns."""
        latency = LatencySlo(
            signal=LatencySignal.TURN,
            threshold=threshold,
            max_percent_over=max_percent_over,
            margin_percent=margin_percent,
        )
        return cls(name=name, latency=latency)


Slos = Annotated[
    tuple[Slo, ...],
    Field(
        max_length=MAX_SLOS,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    ),
]
"""The type of `spec.slos`: a map-list by name."""

DEFAULT_STEPS: tuple[Step, ...] = (Step(set_weight=10), Step(set_weight=50))
"""Few callers first, then enough for stable and canary to be compared quickly."""

DEFAULT_SLOS: tuple[Slo, ...] = (
    Slo.turns_within("turn-latency", "1200ms", 5.0, 2.0),
    Slo(name="dropped", ratio=RatioSlo(signal=RatioSignal.DROPPED_CALLS, max_percent=1.0, margin_percent=1.0)),
    Slo(name="quality", score=ScoreSlo(signal=ScoreSignal.QUALITY, min_percent=80.0, margin_percent=5.0)),
)
"""Used when `spec.slos` is absent: signals that every call has, so that none of them waits for data for ever."""
