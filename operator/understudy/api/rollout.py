"""How a change reaches callers (`spec.rollout`) and what it is judged by (`spec.slos`)."""

from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field

from understudy.api.base import ApiModel, DurationText, HttpUrl, LocalRef, Name, duration_between
from understudy.api.markers import MapList, Rule

MAX_STEPS = 20
"""Steps of one rollout; also keeps the CEL rules within the API server's cost limit."""

MAX_SLOS = 10
"""SLOs of one assistant: alpha is shared over them, so more of them make each slower to notice."""


NUMBER = Rule("self.matches('^[+-]?([0-9]+([.][0-9]+)?)$')", 'write a number in quotes, such as "0.6"')


def _exactly_one(*fields: str) -> Rule:
    listed = ", ".join(f"has(self.{field})" for field in fields)
    return Rule(f"[{listed}].exists_one(given, given)", f"write exactly one of {', '.join(fields)}")


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


class OnStableFailing(StrEnum):
    """What follows when stable misses an objective and the canary does too, though it is no worse."""

    HOLD = "Hold"
    PROMOTE = "Promote"


class PauseStep(ApiModel):
    """Keeps the weight. The canary is judged all the while."""

    duration: Annotated[DurationText, duration_between("1s", "168h", "2m")] | None = None
    """How long, such as `2m`, counted from when the pause began; absent: until the annotation
    `understudy.dev/resume: REQUEST-ID`."""


class ReplayStep(ApiModel):
    """Golden calls: scripted callers speak with the canary before any live caller does."""

    calls_ref: LocalRef
    """ConfigMap in the assistant's namespace; each key is a golden call in YAML (docs/operating/golden-calls.md)."""
    min_pass_percent: Annotated[int, Field(ge=1, le=100)] = 100
    """Percent of the golden calls that must meet every expectation; fewer, and the canary is taken back."""
    max_duration: Annotated[DurationText, duration_between("10s", "24h", "10m")] = "10m"
    """Longest wait for the results; past it the canary is taken back."""


class ShadowStep(ApiModel):
    """Mirrors turns of live calls to the canary's model and discards its answers; tools are never executed."""

    percent: Annotated[int, Field(ge=1, le=100)] = 10
    """Percent of new calls whose turns are mirrored. Each mirrored turn is paid for twice."""
    min_calls: Annotated[int, Field(ge=1, le=100_000)] = 30
    """Mirrored calls to wait for."""
    max_duration: Annotated[DurationText, duration_between("10s", "168h", "1h")] = "1h"
    """Longest wait for them; past it `onInsufficientData` decides."""


class AnalysisStep(ApiModel):
    """Keeps the weight until a number of calls was judged. The canary is judged in every other step, too."""

    min_calls: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Finished canary calls in this rollout to wait for. Absent: the rollout's `minCalls`."""
    max_duration: Annotated[DurationText, duration_between("10s", "720h", "1h")] | None = None
    """Longest wait; past it `onInsufficientData` decides. Absent: `dataDeadline`."""


class Step(ApiModel):
    """One step of a rollout: exactly one of its fields."""

    rules: ClassVar[tuple[Rule, ...]] = (_exactly_one("setWeight", "pause", "replay", "shadow", "analysis"),)

    set_weight: Annotated[int, Field(ge=1, le=100)] | None = None
    """Percent of new calls that go to the canary. The step is done when every ready proxy has acknowledged the weight
    and the canary has finished its share of `minCalls` (spread evenly over the `setWeight` steps)."""
    pause: PauseStep | None = None
    """Keep the weight for a time, or until resumed."""
    replay: ReplayStep | None = None
    """Golden calls against the canary, before the first `setWeight`."""
    shadow: ShadowStep | None = None
    """Mirror turns to the canary's model and discard its answers."""
    analysis: AnalysisStep | None = None
    """Keep the weight until a number of calls was judged."""


class RolloutSpec(ApiModel):
    """How a new revision reaches callers. No part of the revision: changing it starts no rollout."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.steps) || self.steps.filter(step, has(step.setWeight)).map(step, step.setWeight).isSorted()",
            "weights never go down: write each setWeight at least as large as the one before it",
            at=".steps",
        ),
        Rule(
            "!has(self.steps) || self.steps.exists(step, has(step.setWeight))",
            "steps need at least one setWeight: without one no caller ever meets the canary",
            at=".steps",
        ),
        Rule(
            "!has(self.steps) || self.steps.filter(step, has(step.replay) || has(step.shadow) || has(step.setWeight))"
            ".map(step, has(step.replay) ? 0 : has(step.shadow) ? 1 : 2).isSorted()",
            "write replay first, then shadow, then setWeight: golden calls and mirrored turns are there to find out "
            "what no live caller should meet",
            at=".steps",
        ),
        Rule(
            "!has(self.steps) || self.steps.filter(step, has(step.analysis) || has(step.setWeight))"
            ".map(step, has(step.setWeight) ? 0 : 1).indexOf(0) <= 0",
            "analysis needs a setWeight before it: without one there are no canary calls to wait for",
            at=".steps",
        ),
    )

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MAX_STEPS)] | None = None
    """Taken in order; after the last one the canary is promoted once every SLO has passed. Absent: `setWeight: 10`,
    then `setWeight: 50`; where so few calls come that 10 % of them do not fill the first within `dataDeadline`, the
    second follows as soon as one canary call has ended and no SLO looks worse."""
    min_calls: Annotated[int, Field(ge=1, le=100_000)] = 30
    """Finished canary calls with data that each SLO needs before it can pass, over the whole rollout. A clear
    regression is found with fewer."""
    on_regression: OnRegression = OnRegression.ROLLBACK
    """`Rollback`: stable takes everything at once. `Pause`: new calls go to stable, and the rollout waits for abort or
    retry."""
    on_insufficient_data: OnInsufficientData = OnInsufficientData.HOLD
    """What follows when a step has waited for calls longer than `dataDeadline`. `Hold`: keep waiting, and say in the
    conditions TrafficTooLow and Stalled when there will be enough and what to do. `Pause`: wait for promote, resume or
    abort. `Rollback`: back to stable. `Promote`: go on, in the end to promotion, unless an SLO is failing."""
    on_stable_failing: OnStableFailing = OnStableFailing.HOLD
    """What follows when stable misses an objective and the canary, no worse, misses it too. `Hold`: an outage of both
    is nobody's fault; the rollout waits until it is over. `Promote`: that objective counts as met, so that a fix can
    ship while stable is broken."""
    bake: Annotated[DurationText, duration_between("10s", "168h", "30m")] | None = None
    """How long the promoted revision is watched while the one before it is kept warm, such as `30m`: when it fails an
    SLO in that time, new calls and (with `rescue: NextTurn`) live ones go back at once. Absent: not at all."""
    rescue: RescueMode = RescueMode.NEXT_TURN
    """Live canary calls on a rollback. `NextTurn`: stable serves them from their next turn. `Pin`: they end on the
    canary."""
    false_rollback_percent: Annotated[float, Field(ge=0.01, le=20)] = 1.0
    """Alpha: how many of 100 rollouts of a revision that is no worse may be rolled back by chance. For the whole
    rollout, however often it is looked at; shared evenly over the SLOs."""
    false_promotion_percent: Annotated[float, Field(ge=0.01, le=20)] | None = None
    """Beta: how many of 100 rollouts of a revision that is worse by an SLO's margin may be promoted by chance. Each SLO
    then passes once it is proven that the canary is not worse by the margin, which takes hundreds of canary calls where
    margins are one or two points. Absent: an SLO passes when `minCalls` calls showed no difference beyond the margin,
    which is quick and proves little."""
    progress_deadline: Annotated[DurationText, duration_between("10s", "24h", "10m")] = "10m"
    """Longest wait for the canary's pods to be ready; past it the rollout is rolled back."""
    data_deadline: Annotated[DurationText, duration_between("10s", "720h", "1h")] = "1h"
    """Longest wait of one step for calls; past it `onInsufficientData` decides."""


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
    CONNECT_FAILURES = "ConnectFailures"
    TRANSCRIBER_FAILOVERS = "TranscriberFailovers"
    VOICE_FAILOVERS = "VoiceFailovers"
    INTERRUPTIONS = "Interruptions"


class ScoreSignal(StrEnum):
    """Shares that should be large."""

    QUALITY = "Quality"
    COMPLETION = "Completion"
    JUDGE = "Judge"
    WEBHOOK = "Webhook"


Percent = Annotated[float, Field(ge=0, le=100)]


class LatencySlo(ApiModel):
    """The share of slow answers."""

    signal: LatencySignal
    """`Turn`: the caller's last audible frame to the first audible frame of the answer, for each turn; an unanswered
    turn counts as slow. `FirstResponse`: call accepted to first audible frame."""
    threshold: Annotated[DurationText, duration_between("1ms", "5m", "1200ms")]
    """What counts as slow, such as `1200ms`."""
    max_percent_over: Percent = 5.0
    """Percent of answers that may be slow."""
    margin_percent: Percent = 2.0
    """How many percentage points the canary may be worse than stable and still pass."""
    tolerance_percent: Percent = 0.0
    """How many percentage points worse than stable is no regression yet. At 0 a canary fails once it is worse beyond
    chance, by however little."""
    ceiling_percent: Annotated[float, Field(gt=0, le=100)] | None = None
    """Percent that no canary may reach, whatever stable does. Each proxy watches it alone and stops sending new calls
    to a canary that is beyond it; the operator then rolls back. Absent: none."""


class RatioSlo(ApiModel):
    """The share of what went wrong."""

    signal: RatioSignal
    """`DroppedCalls`: calls ended by a failure. `FailedTools`: tool calls that failed. `WebhookErrors`: webhook
    requests that failed. `Reprompts`: turns in which the assistant asked the caller to repeat. `Abandonment`: callers
    who gave up. `ConnectFailures`: calls that no agent took. `TranscriberFailovers`, `VoiceFailovers`: calls in which
    another provider had to take over. `Interruptions`: answers that the caller talked over."""
    max_percent: Percent
    """Percent that may go wrong."""
    margin_percent: Percent = 1.0
    """How many percentage points the canary may be worse than stable and still pass."""
    tolerance_percent: Percent = 0.0
    """How many percentage points worse than stable is no regression yet. At 0 a canary fails once it is worse beyond
    chance, by however little."""
    ceiling_percent: Annotated[float, Field(gt=0, le=100)] | None = None
    """Percent that no canary may reach, whatever stable does. Each proxy watches it alone and stops sending new calls
    to a canary that is beyond it; the operator then rolls back. Absent: none."""


class ScoreSlo(ApiModel):
    """The share of what went well."""

    signal: ScoreSignal
    """`Quality`: turns without a defect (empty, repeated, reprompt), with a completed call as one more good item and an
    abandoned call as one more bad one. `Completion`: calls that reached a goodbye. `Judge`: the
    score of `quality.judge`. `Webhook`: the score of `quality.webhook`."""
    min_percent: Percent
    """Percent that must go well."""
    margin_percent: Percent = 5.0
    """How many percentage points the canary may be worse than stable and still pass."""
    tolerance_percent: Percent = 0.0
    """How many percentage points worse than stable is no regression yet. At 0 a canary fails once it is worse beyond
    chance, by however little."""
    floor_percent: Annotated[float, Field(ge=0, lt=100)] | None = None
    """Percent below which no canary may fall, whatever stable does. Each proxy watches it alone and stops sending new
    calls to a canary that is below it; the operator then rolls back. Absent: none."""


class PrometheusSlo(ApiModel):
    """A query of your own."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.min) || has(self.max)",
            'write min, max or both, such as min: "0.6": without a bound nothing fails',
        ),
    )

    url: HttpUrl | None = None
    """Of the Prometheus server. Absent: the installation's (Helm value `prometheus.url`)."""
    query: Annotated[str, Field(min_length=1, max_length=4096)]
    """PromQL that yields one number. `$namespace`, `$assistant`, `$canary` and `$stable` (short digests) are filled
    in."""
    min: Annotated[str, Field(max_length=32), NUMBER] | None = None
    """Smallest good value, such as `"0.6"`."""
    max: Annotated[str, Field(max_length=32), NUMBER] | None = None
    """Largest good value."""
    interval: Annotated[DurationText, duration_between("5s", "1h", "30s")] = "30s"
    """Between two queries."""
    failure_limit: Annotated[int, Field(ge=1, le=100)] = 3
    """Bad values in a row that fail the canary: one scrape proves nothing."""
    stale_after: Annotated[DurationText, duration_between("5s", "24h", "5m")] = "5m"
    """Age of a sample from which on it says nothing about now."""


class Slo(ApiModel):
    """One promise about calls: exactly one of latency, ratio, score, prometheus."""

    rules: ClassVar[tuple[Rule, ...]] = (_exactly_one("latency", "ratio", "score", "prometheus"),)

    name: Name
    """Shown in readings, events and the reason of a rollback."""
    latency: LatencySlo | None = None
    """The share of slow answers."""
    ratio: RatioSlo | None = None
    """The share of what went wrong."""
    score: ScoreSlo | None = None
    """The share of what went well."""
    prometheus: PrometheusSlo | None = None
    """A query of your own."""
    dry_run: bool = False
    """Read and shown, and without influence on the rollout: how a new SLO is tried out."""

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
    Field(min_length=1, max_length=MAX_SLOS),
    MapList("name"),
    Rule(
        "self.exists(slo, !has(slo.dryRun) || !slo.dryRun)",
        "leave at least one SLO without dryRun: where none has influence, nothing ever passes",
    ),
]
"""The type of `spec.slos`: a map-list by name; absent means `DEFAULT_SLOS`."""

DEFAULT_STEPS: tuple[Step, ...] = (Step(set_weight=10), Step(set_weight=50))
"""Few callers first, then enough for stable and canary to be compared quickly."""

DEFAULT_SLOS: tuple[Slo, ...] = (
    Slo.turns_within("turn-latency", "1200ms", 5.0, 2.0),
    Slo(
        name="dropped",
        ratio=RatioSlo(signal=RatioSignal.DROPPED_CALLS, max_percent=1.0, margin_percent=1.0, ceiling_percent=25.0),
    ),
    Slo(name="quality", score=ScoreSlo(signal=ScoreSignal.QUALITY, min_percent=80.0, margin_percent=5.0)),
)
"""Used when `spec.slos` is absent: signals that every call has, so that none of them waits for data for ever."""
