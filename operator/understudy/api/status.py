"""What the operator reports in `status`, and all it needs to go on after it was killed.

Times are RFC 3339 in UTC with milliseconds, and absolute. Numbers of the judge are doubles, which JSON keeps exactly.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from understudy.api.base import ApiModel
from understudy.api.evidence import (
    Incident,
    JudgeState,
    Name,
    Reading,
    ReplayStatus,
    ShadowStatus,
    Text,
    Time,
    Verdict,
    Word,
)
from understudy.api.markers import MapList
from understudy.api.rollout import RescueMode

MAX_HISTORY = 20
"""Transitions kept: two or three whole rollouts."""

MAX_CURSORS = 64
"""Proxy processes whose reading position is kept: replicas, and those that were replaced during a rollout."""

MAX_PEERS = 32
"""Proxy keys kept: replicas, and the ones that were replaced within the length of a call."""

MAX_RETAINED = 10
"""Revisions kept for live calls besides stable and canary; as many specs as anyone edits within one call."""

MAX_WARNINGS = 32
"""Sentences kept: two for each of eight fallbacks of both kinds."""


class Phase(StrEnum):
    """Where a rollout stands."""

    INITIALIZING = "Initializing"
    """No revision serves yet."""
    STABLE = "Stable"
    """One revision serves; nothing is under way."""
    PREPARING = "Preparing"
    """A new revision exists; its agent pods are awaited; no caller meets it."""
    CANARY = "Canary"
    """New calls are shared by weight and judged."""
    PAUSED = "Paused"
    """As Canary, but waiting for someone."""
    PROMOTING = "Promoting"
    """The canary is stable now; proxies are taking that in."""
    BAKING = "Baking"
    """The promoted revision takes every new call and is still judged; the one before it is kept warm."""
    ROLLING_BACK = "RollingBack"
    """The canary gets no new calls; proxies are taking that in."""
    ROLLED_BACK = "RolledBack"
    """Stable serves alone and the spec still asks for the rejected revision."""


class ConditionStatus(StrEnum):
    """Value of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(ApiModel):
    """A Kubernetes condition."""

    type: Annotated[str, Field(max_length=316)]
    status: ConditionStatus
    observed_generation: int | None = None
    last_transition_time: Time
    reason: Annotated[str, Field(max_length=1024)]
    message: Annotated[str, Field(max_length=32768)] = ""


class Address(ApiModel):
    """Where carriers reach the assistant inside the cluster."""

    url: Text


class Revision(ApiModel):
    """A revision as routing needs it."""

    name: Word
    """Short digest."""
    object_name: Name
    """Its ControllerRevision."""
    agent_service: Name
    """Headless Service of the agent pods that speak for it."""


class RetainedRevision(Revision):
    """A revision that live calls may still be on."""

    until: Time
    """No call can outlive this."""
    rejected: bool = False
    """Rolled back: its live calls are rescued if the policy says so."""


class Rejected(ApiModel):
    """The revision that is not tried again until the spec changes or a retry is asked for."""

    name: Word
    at: Time


class RollbackReason(ApiModel):
    """Why the last rollback happened, in full."""

    revision: Word
    """The revision that was taken back."""
    reason: Word
    """SloFailed, CeilingReached, ReplayFailed, ShadowFailed, AgentsFailing, ProgressDeadlineExceeded, InsufficientData,
    Undone or Aborted."""
    message: Text
    """The whole story in a sentence."""
    at: Time
    slo: Word | None = None
    """The SLO that failed."""
    metric: Word | None = None
    """Its signal, such as Turn or Quality."""
    value: float | None = None
    """The canary's, in percent."""
    stable_value: float | None = None
    """Stable's over the same time, in percent."""
    threshold: float | None = None
    """The objective, in percent."""
    canary_calls: int | None = None
    """Calls of the canary with data."""
    stable_calls: int | None = None
    """Calls of stable with data over the same time."""
    evidence: float | None = None
    """How strongly chance is ruled out."""


class Cursor(ApiModel):
    """What has been read from one proxy process."""

    boot_id: Word
    pod: Name
    seq: int
    """Observations up to this number are counted."""
    live_canary: int = 0
    """The canary's calls in progress at that time: if the process is gone, they were dropped."""
    live_stable: int = 0
    """Stable's likewise."""


class Peer(ApiModel):
    """A proxy process whose call tokens the others accept."""

    key_id: Word
    public_key: Word
    """Ed25519, base64url."""


class PendingUndo(ApiModel):
    """An undo that waits until agent pods of the old revision are ready."""

    id: Annotated[str, Field(max_length=256)]
    """Of the request."""
    revision: Revision
    """What is to serve again; its agent pods are kept or started."""
    since: Time


class HandledRequest(ApiModel):
    """The last request of a verb that was answered."""

    verb: Word
    id: Annotated[str, Field(max_length=256)]
    refused: bool = False
    message: Text = ""
    """What was done, or why it was refused."""
    at: Time | None = None


class Transition(ApiModel):
    """One change of phase."""

    at: Time
    from_: Phase = Field(alias="from")
    to: Phase
    reason: Word
    message: Text = ""


class RolloutStatus(ApiModel):
    """All state of the rollout."""

    phase: Phase = Phase.INITIALIZING
    stable: Revision | None = None
    canary: Revision | None = None
    rejected: Rejected | None = None
    """Not tried again until the spec changes."""
    step_index: int = 0
    """The step under way, from 0; steps are done when it is their count."""
    phase_since: Time | None = None
    started_at: Time | None = None
    """When this rollout began; earlier calls are no evidence."""
    step_since: Time | None = None
    """When the step under way began."""
    step_calls: int = 0
    """Finished calls of both arms when the step under way began."""
    acked_since: Time | None = None
    """When every ready proxy had the wanted weight."""
    not_ready_since: Time | None = None
    """Since when the canary's agent pods are not ready."""
    rescue: RescueMode = RescueMode.NEXT_TURN
    """As the routing document says."""
    restricted: bool = False
    """HIPAA or PCI, as the routing document says."""
    weight: int = 0
    """Percent of new calls wanted for the canary."""
    canary_calls: int = 0
    """Finished calls of the canary in this rollout."""
    stable_calls: int = 0
    """Finished calls of stable in this rollout."""
    acked_weight: int = 0
    """The weight that every ready proxy last acknowledged."""
    acked_proxies: int = 0
    ready_proxies: int = 0
    generation: int = 0
    """Of the routing document; it only grows."""
    document: Word = ""
    """Digest of the routing document's content: the generation grows when it changes."""
    lease_expires_at: Time | None = None
    """The canary's weight holds until then."""
    lease_over_at: Time | None = None
    """By then every proxy, reachable or not, has stopped sending calls to the old canary."""
    verdict: Verdict | None = None
    pause_reason: Word | None = None
    """Why the phase is Paused."""
    readings: Annotated[tuple[Reading, ...], Field(max_length=10)] = ()
    judges: Annotated[tuple[JudgeState, ...], Field(max_length=10)] = ()
    cursors: Annotated[tuple[Cursor, ...], Field(max_length=MAX_CURSORS)] = ()
    retained: Annotated[tuple[RetainedRevision, ...], Field(max_length=MAX_RETAINED)] = ()
    peers: Annotated[tuple[Peer, ...], Field(max_length=MAX_PEERS)] = ()
    """Newest last; those that are gone stay a while for the calls they left behind."""
    previous: Revision | None = None
    """Stable's predecessor: what undo returns to. Kept warm while the phase is Baking."""
    undo: PendingUndo | None = None
    """An undo that waits for agent pods."""
    plan: Text = ""
    """The FallbackPlan that stable, or the rollout under way, goes by, as `NAME@GENERATION`."""
    for_plan: bool = False
    """Whether this rollout, or the last one, began because that plan changed."""
    replay: ReplayStatus | None = None
    shadow: ShadowStatus | None = None
    incident: Incident | None = None
    """Both arms miss an objective; nobody is blamed and the rollout holds."""
    enough_at: Time | None = None
    """When `minCalls` will have been reached at the pace so far; absent while that cannot be told."""
    queued: Text = ""
    """Why the spec's revision is not rolled out yet: others of the same plan come first."""
    last_rollback: RollbackReason | None = None
    requests: Annotated[tuple[HandledRequest, ...], Field(max_length=10)] = ()
    history: Annotated[tuple[Transition, ...], Field(max_length=MAX_HISTORY)] = ()


ConditionType = Literal[
    "Ready",
    "Progressing",
    "Promoted",
    "Degraded",
    "PlanValid",
    "Stalled",
    "ProviderRetired",
    "TrafficTooLow",
    "SpecRejected",
]

Conditions = Annotated[tuple[Condition, ...], Field(max_length=16), MapList("type")]


class VoiceAssistantStatus(ApiModel):
    """What `kubectl get` and `kubectl describe` show."""

    observed_generation: int = 0
    phase: Phase = Phase.INITIALIZING
    """Where the rollout stands."""
    step: Word = ""
    """Step under way of how many, such as 2/5."""
    weight: int = 0
    """Percent of new calls wanted for the canary."""
    verdict: Word = ""
    """Pass, Fail, Insufficient or Error while a canary is judged."""
    stable_revision: Word = ""
    canary_revision: Word = ""
    address: Address | None = None
    conditions: Conditions = ()
    warnings: Annotated[tuple[Text, ...], Field(max_length=MAX_WARNINGS)] = ()
    """What is valid and may surprise, a sentence each that begins with the field."""
    rollout: RolloutStatus = RolloutStatus()
