"""What `advance` is told and what it answers: everything the controller gathers, everything it has to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from understudy.api.rollout import DEFAULT_SLOS, RolloutSpec, Slo
from understudy.api.status import VoiceAssistantStatus
from understudy.domain.calls.golden import GoldenCall
from understudy.domain.calls.observation import ProxyReport
from understudy.domain.routing.document import QualityOrder, RevisionRef
from understudy.domain.slo.query import Sample


@dataclass(frozen=True, slots=True)
class ProxyPod:
    """A routing-proxy pod, as Kubernetes and the pod itself describe it."""

    pod: str
    ready: bool
    """As Kubernetes sees it and not being deleted: new calls may arrive here, so its acknowledgement counts."""
    report: ProxyReport | None = None
    """Its last answer; None when it did not answer this time. May be the same report as last time."""
    gone: bool = False
    """Whether that process is no more: `report` is its last, there for what it holds that is not counted yet."""


@dataclass(frozen=True, slots=True)
class AgentPods:
    """The pods of one agent Deployment."""

    ready: int = 0
    wanted: int = 0
    failing: str = ""
    """Why pods of it will not start by themselves, such as a crash loop or an image that cannot be pulled; empty: no
    pod is known to be beyond waiting for."""

    @property
    def enough(self) -> bool:
        """Whether calls can be sent there: one ready pod will do, because busy ones refuse and are waited for."""
        return self.ready > 0


class Verb(StrEnum):
    """Requests that users make by annotation, `understudy.dev/VERB: REQUEST-ID`."""

    PROMOTE = "promote"
    """Skip what is left of the present step, or with the argument `full` of all steps; refused while an SLO fails."""
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    RETRY = "retry"
    """Try the rejected revision again, with no evidence held against it."""
    UNDO = "undo"
    """Back to the revision before, or to the one that the argument names, at once."""


@dataclass(frozen=True, slots=True)
class Request:
    """One annotation, `ID` or `ID/ARGUMENT`. Its id makes it idempotent: the last id of each verb is kept in status."""

    verb: Verb
    id: str
    argument: str = ""
    """Of promote: `full`, all steps at once. Of undo: the short digest of a stored revision."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The world as gathered for one assistant. Pure data: reading it twice changes nothing."""

    namespace: str
    assistant: str
    status: VoiceAssistantStatus
    """As last written by us."""
    generation: int = 1
    """`metadata.generation` of the spec that `desired` was made from."""
    desired: RevisionRef | None = None
    """The revision of the current spec; None while the spec is invalid: what serves goes on serving."""
    invalid: str = ""
    """Why `desired` is None: the message of the condition PlanValid."""
    invalid_reason: str = "InvalidSpec"
    warnings: tuple[str, ...] = ()
    """What is accepted and yet doubtful; shown in the message of PlanValid, and each told once as an Event."""
    unused: str = ""
    """Why a list of fallbacks is not used though `desired` is there; PlanValid is False then, too."""
    unused_reason: str = ""
    retired: tuple[str, ...] = ()
    """What is named and never asked, because its provider is gone; the condition ProviderRetired."""
    restricted: bool = False
    """Whether HIPAA or PCI holds, or whether it does is unknown: proxies then leave out transcribers that are not fit
    to take over, of whatever revision."""
    policy: RolloutSpec = field(default_factory=RolloutSpec)
    slos: tuple[Slo, ...] = DEFAULT_SLOS
    proxies: tuple[ProxyPod, ...] = ()
    """Every proxy pod that exists, those that are draining too."""
    agents: Mapping[str, AgentPods] = field(default_factory=dict)
    """`agent_service` → its pods; a service that is missing has none."""
    requests: tuple[Request, ...] = ()
    """The annotations present; each is carried out once."""
    golden: tuple[GoldenCall, ...] = ()
    """The golden calls of the `replay` step; empty without one, or when `golden_error` says what is wrong."""
    golden_error: str = ""
    """Why there are none though the steps have a replay: a ConfigMap that is missing, a call that is not understood."""
    history: tuple[RevisionRef, ...] = ()
    """Every stored revision, oldest first: what `undo` can return to."""
    samples: Mapping[str, Sequence[Sample]] = field(default_factory=dict)
    """Name of a prometheus SLO → its samples, oldest first. May hold those of last time: each has its time."""
    plan: str = ""
    """The FallbackPlan that `desired` was resolved with, as `NAME@GENERATION`; empty without one."""
    wait: str = ""
    """Why no rollout may start now though the spec asks for one: others of the same plan come first; empty: go."""
    quality: QualityOrder | None = None
    """Who scores finished calls, as far as it is allowed."""
    max_call_s: float = 1800.0
    """No call outlives this; how long a replaced revision is kept."""
    routing_generation: int = 0
    """Of the routing document in the cluster: ours never goes below it, even if status was lost."""
    address: str = ""
    """URL of the front door."""


class EventType(StrEnum):
    """Kubernetes' two kinds of event."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the story: shown as a Kubernetes Event."""

    type: EventType
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows. Write `status` first, then the routing document made from it, then emit `events`."""

    status: VoiceAssistantStatus
    events: tuple[Event, ...] = ()
    requeue_at: float | None = None
    """Seconds since the epoch at which to look again though nothing may have happened; None: only on news."""
