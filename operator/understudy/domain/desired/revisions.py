"""ControllerRevisions: the immutable history of what callers heard, and which of it may be forgotten."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from understudy.domain import naming
from understudy.domain.desired.kinds import REVISION
from understudy.domain.desired.owner import Owner, make_object
from understudy.domain.revision.snapshot import Snapshot
from understudy.domain.routing.document import RevisionRef

HISTORY_LIMIT = 10
"""Revisions kept besides those in use: enough to undo a week of edits, few enough to read."""


@dataclass(frozen=True, slots=True)
class StoredRevision:
    """A ControllerRevision, understood by the code that runs now."""

    object_name: str
    number: int
    snapshot: Snapshot

    @property
    def name(self) -> str:
        """Short digest, as it was when the revision was made; what users see and what routing refers to."""
        return self.object_name.rsplit("-", 1)[-1]

    def reference(self, assistant: str) -> RevisionRef:
        """What the routing document says about it."""
        return RevisionRef(
            name=self.name,
            object_name=self.object_name,
            agent_service=naming.agent(assistant, self.snapshot.agent.digest()),
        )


def parse_revisions(objects: Iterable[dict[str, Any]]) -> tuple[StoredRevision, ...]:
    """The revisions in `objects`, oldest first; one that cannot be read is left alone and out."""
    parsed = []
    for document in objects:
        try:
            snapshot = Snapshot.model_validate(document.get("data") or {})
        except ValidationError:
            continue
        parsed.append(StoredRevision(document["metadata"]["name"], int(document.get("revision", 0)), snapshot))
    return tuple(sorted(parsed, key=lambda each: (each.number, each.object_name)))


def find_revision(stored: Sequence[StoredRevision], snapshot: Snapshot) -> StoredRevision | None:
    """The newest stored revision that behaves like `snapshot`.

    Both sides are hashed by the current code, so a default that a later version adds makes no new revision.
    """
    wanted = snapshot.digest()
    return next((each for each in reversed(stored) if each.snapshot.digest() == wanted), None)


def new_revision(owner: Owner, stored: Sequence[StoredRevision], snapshot: Snapshot) -> StoredRevision:
    """The revision that `snapshot` becomes: the next number, named by its digest."""
    number = max((each.number for each in stored), default=0) + 1
    return StoredRevision(naming.revision(owner.name, snapshot.digest()), number, snapshot)


def renumbered(stored: Sequence[StoredRevision], revision: StoredRevision) -> StoredRevision:
    """`revision` as the newest: what is asked for again is not the first to be forgotten.

    As Deployments and StatefulSets do when they go back: the number changes, the content never.
    """
    newest = max((each.number for each in stored), default=0)
    return revision if revision.number >= newest else replace(revision, number=newest + 1)


def make_revision(owner: Owner, revision: StoredRevision) -> dict[str, Any]:
    """The ControllerRevision of `revision`."""
    return make_object(
        REVISION,
        owner,
        revision.object_name,
        "revision",
        revision=revision.number,
        data=revision.snapshot.to_json(),
    )


def expired_revisions(
    stored: Sequence[StoredRevision], in_use: Iterable[str], limit: int = HISTORY_LIMIT
) -> tuple[StoredRevision, ...]:
    """Revisions to delete: the oldest beyond `limit` that nobody uses. `undo` can go back to any that is left.

    Args:
        stored: every revision, oldest first.
        in_use: object names that stable, canary, a live call or an undo may need; never among the result.
        limit: how many unused ones stay.
    """
    used = set(in_use)
    unused = [each for each in stored if each.object_name not in used]
    return tuple(unused[: max(0, len(unused) - limit)])
