"""What a rule says: one thing to do, and why."""

from dataclasses import dataclass

from understudy.api.status import Revision, RollbackReason
from understudy.domain.rollout.inputs import EventType, Request
from understudy.domain.rollout.table import Trigger


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to do. Becomes one event, one line of history and one change of status."""

    trigger: Trigger | None
    """None: nothing changes but that a request counts as answered."""
    reason: str
    """CamelCase; of the event, the history and the conditions."""
    message: str
    event: EventType = EventType.NORMAL
    blame: RollbackReason | None = None
    """On a rollback: all there is to know about why."""
    request: Request | None = None
    """The request that this answers."""
    target: Revision | None = None
    """Of an undo: what is to serve again."""
