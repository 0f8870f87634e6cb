"""One assistant on this proxy: the document in force, the snapshots it needs, live and finished calls."""

from collections import Counter
from typing import TYPE_CHECKING

from understudy.apps.proxy.ceilings import Ceilings
from understudy.apps.proxy.signal import Signal
from understudy.domain.calls.finished import Finished
from understudy.domain.calls.observation import CallObservation
from understudy.domain.revision.snapshot import Snapshot
from understudy.domain.routing.arm import choose_arm
from understudy.domain.routing.document import Arm, RevisionRef, RoutingDocument

if TYPE_CHECKING:
    from understudy.apps.proxy.calls import Call


class Assistant:
    """An assistant that this proxy serves.

    Attributes:
        key: `namespace/name`, as in `UNDERSTUDY_ASSISTANTS`.
        document: the routing document in force; None before the first.
        applied_at: when its generation came into force, seconds since the epoch.
        snapshots: by short digest: those of the document, and those of live calls.
        live: calls whose audio this proxy relays, by id.
        finished: what they left.
        finishing: how many have ended and are not in `finished` yet, because something is still to be learned of them.
        ceilings: whether the canary is beyond one.
        rescued_calls: calls moved to stable since the process started.
        polled_at: when the operator last asked for its state, on the monotonic clock; None if it never did.
        changed: fires at each new document and each finished call.
    """

    def __init__(self, namespace: str, name: str) -> None:
        self.namespace = namespace
        self.name = name
        self.key = f"{namespace}/{name}"
        self.document: RoutingDocument | None = None
        self.applied_at = 0.0
        self.snapshots: dict[str, Snapshot] = {}
        self.live: dict[str, Call] = {}
        self.finished = Finished()
        self.finishing = 0
        self.ceilings = Ceilings(self.key)
        self.rescued_calls = 0
        self.polled_at: float | None = None
        self.changed = Signal()

    @property
    def generation(self) -> int:
        """Of the document in force; 0 before the first."""
        return self.document.generation if self.document else 0

    @property
    def ready(self) -> bool:
        """Whether a new call could be served."""
        stable = self.document and self.document.stable
        return bool(stable and stable.name in self.snapshots)

    def apply(self, document: RoutingDocument, now: float) -> None:
        """Put `document` in force; its snapshots are in `snapshots` already. `now`: seconds since the epoch."""
        if document.generation != self.generation:
            self.applied_at = now
        self.document = document
        self.ceilings.follow(document, now)
        self._forget_snapshots()
        self.changed.fire()

    def choose(self, call_id: str, now: float) -> tuple[Arm, RevisionRef] | None:
        """The arm and revision of a new call at `now`, seconds since the epoch; None while there is no stable one."""
        if self.document is None or not self.ready:
            return None
        chosen = choose_arm(self.document, call_id, now)
        if chosen and self.document.stable and self.ceilings.stops(chosen[1].name):
            return (Arm.STABLE, self.document.stable)
        return chosen

    def record(self, observation: CallObservation, now: float) -> CallObservation:
        """Keep a finished call for the operator, and wake it."""
        kept = self.finished.add(observation, now)
        self.ceilings.scored(kept)
        self.changed.fire()
        return kept

    def ended(self, observation: CallObservation, now: float) -> None:
        """A call has ended, or had turns enough; `record` follows when all is known of it."""
        before = self.ceilings.stopped
        self.ceilings.ended(observation, now)
        if self.ceilings.stopped != before:
            self.changed.fire()

    def live_calls(self) -> dict[str, int]:
        """Calls in progress by the revision they started on."""
        return dict(Counter(call.token.revision for call in self.live.values()))

    def agent_services(self) -> set[str]:
        """Services whose pods may be asked for a new or moved call."""
        if self.document is None:
            return set()
        wanted = {ref.name for ref in (self.document.stable, self.document.canary) if ref} | set(self.live_calls())
        return {ref.agent_service for ref in self.document.revisions() if ref.name in wanted}

    def _forget_snapshots(self) -> None:
        """Keep only what the document names: live calls hold their own snapshot."""
        named = {ref.name for ref in self.document.revisions()} if self.document else set()
        self.snapshots = {name: snapshot for name, snapshot in self.snapshots.items() if name in named}
