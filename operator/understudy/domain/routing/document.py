"""The routing document: the one thing the operator tells the proxies.

One small ConfigMap of fixed name per assistant, key `routing.json`. The snapshots it names are ControllerRevisions.
"""

from enum import StrEnum

from pydantic import Field

from understudy.api.quality import JudgeModel, ScoreWebhook
from understudy.api.rollout import Slo
from understudy.domain.calls.golden import GoldenCall
from understudy.domain.revision.snapshot import Account, Document

KEY = "routing.json"
"""Key of the document in the ConfigMap's `data`."""

LEASE_S = 30.0
"""Seconds a canary weight holds without renewal: three missed renewals; a dead operator sends calls to stable."""

RENEW_S = 10.0
"""Seconds between renewals: a third of the lease, so that two may fail."""


class Arm(StrEnum):
    """The two sides of a rollout."""

    STABLE = "stable"
    CANARY = "canary"


class Rescue(StrEnum):
    """What happens to live canary calls on a rollback."""

    NEXT_TURN = "NextTurn"
    PIN = "Pin"


class RevisionRef(Document):
    """A revision that live or new calls may need."""

    name: str
    """Short digest; what users see."""
    object_name: str
    """Name of the ControllerRevision."""
    agent_service: str
    """Headless Service of the agent pods that speak for this revision."""


class PeerKey(Document):
    """A proxy's public key, so that its peers accept its call tokens when it is gone."""

    key_id: str
    public_key: str
    """Ed25519, 32 bytes, base64url without padding."""


class ReplayOrder(Document):
    """Golden calls to play against the canary. One proxy plays them; the others only know."""

    id: str
    """New for each attempt. A proxy plays an id once."""
    pod: str
    """Who plays."""
    calls: tuple[GoldenCall, ...]


class QualityOrder(Document):
    """Who scores finished calls."""

    judge: JudgeModel | None = None
    judge_account: Account | None = None
    """The account of `judge`, resolved as for a revision."""
    webhook: ScoreWebhook | None = None


class RoutingDocument(Document):
    """Weights and names for one assistant. Ordered by (`generation`, `lease_expires_at`); a lower one is refused."""

    namespace: str
    assistant: str
    generation: int
    stable: RevisionRef | None = None
    canary: RevisionRef | None = None
    canary_weight: int = Field(default=0, ge=0, le=100)
    """Percent of new calls."""
    canary_since: float = 0.0
    """When the judging of this canary began, seconds since the epoch; 0: not yet. A retry has another one, and what was
    held against the canary before is forgotten."""
    lease_expires_at: float = 0.0
    """Seconds since the epoch; past it, new calls go to stable whatever the weight says."""
    rejected: tuple[str, ...] = ()
    """Revisions rolled back: their live calls are rescued when `rescue` says so."""
    rescue: Rescue = Rescue.NEXT_TURN
    fallback_transcribers: tuple[str, ...] | None = None
    """Under HIPAA or PCI: the only providers that may take over as transcribers, in whatever revision. At once and for
    stable too, because what must not hear a caller does not wait for a rollout. None: whoever the revision names."""
    retained: tuple[RevisionRef, ...] = ()
    """Other revisions that live calls may still be on (the previous stable, a superseded canary)."""
    peers: tuple[PeerKey, ...] = ()
    replay: ReplayOrder | None = None
    shadow_percent: int = Field(default=0, ge=0, le=100)
    """Percent of stable's new calls whose turns the canary's model is asked as well; the lease holds for it, too."""
    ceilings: tuple[Slo, ...] = ()
    """SLOs with a ceiling: each proxy holds the canary against it alone."""
    quality: QualityOrder | None = None

    def order(self) -> tuple[int, float]:
        """Sort key: a document is newer when its generation is, or its lease ends later at equal generation."""
        return (self.generation, self.lease_expires_at)

    def revisions(self) -> tuple[RevisionRef, ...]:
        """Every revision a proxy has to hold, stable first."""
        return tuple(ref for ref in (self.stable, self.canary, *self.retained) if ref)

    def find(self, name: str) -> RevisionRef | None:
        """The reference of the revision with short digest `name`."""
        return next((ref for ref in self.revisions() if ref.name == name), None)
