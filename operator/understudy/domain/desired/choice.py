"""Which revision the spec asks for: one that is stored already, or a new one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from understudy.domain.desired.owner import Owner
from understudy.domain.desired.revisions import StoredRevision, find_revision, new_revision
from understudy.domain.revision.resolve import Resolution


@dataclass(frozen=True, slots=True)
class Choice:
    """The revision of the current spec."""

    revision: StoredRevision
    is_new: bool
    warnings: tuple[str, ...] = ()


def choose_revision(
    owner: Owner,
    stored: Sequence[StoredRevision],
    resolve_with: Callable[[str], Resolution],
    default_image: str,
    current: Sequence[str],
) -> Choice:
    """The stored revision that the spec resolves to, or the new one that it becomes.

    Args:
        owner: the assistant.
        stored: its revisions, oldest first.
        resolve_with: resolves the spec with a default agent image; raises InvalidInput.
        default_image: the agent image that came with this operator.
        current: short names of the revisions in force (canary, stable, rejected). If the spec resolves to one of them
            with the default image of its time, it is that one: a newer default that an upgrade of the operator brings
            is no change of the assistant, and is taken up with its next change.

    Raises:
        InvalidInput: the spec cannot be resolved.
    """
    resolution = resolve_with(default_image)
    found = find_revision(stored, resolution.snapshot)
    if found:
        return Choice(found, is_new=False, warnings=resolution.warnings)
    for revision in (each for each in stored if each.name in current):
        earlier = resolve_with(revision.snapshot.agent.image)
        if earlier.snapshot.digest() == revision.snapshot.digest():
            return Choice(revision, is_new=False, warnings=earlier.warnings)
    return Choice(new_revision(owner, stored, resolution.snapshot), is_new=True, warnings=resolution.warnings)
