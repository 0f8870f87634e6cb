"""Which revision the spec asks for: one that is stored already, or a new one."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from understudy.base.errors import InvalidInput
from understudy.domain.desired.owner import Owner
from understudy.domain.desired.revisions import StoredRevision, find_revision, new_revision
from understudy.domain.revision import automatic
from understudy.domain.revision.resolve import Resolution


@dataclass(frozen=True, slots=True)
class Era:
    """What an operator brings along, and an assistant keeps until it is changed."""

    agent_image: str
    """Of assistants that name none."""
    rules: automatic.Rules = automatic.NOW
    """By which other accounts take over."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The revision of the current spec."""

    revision: StoredRevision
    is_new: bool
    warnings: tuple[str, ...] = ()
    refused: InvalidInput | None = None
    """Why a list of fallbacks is not used, though the revision is valid."""
    retired: tuple[str, ...] = ()
    """What is named and never asked."""


def choose_revision(
    owner: Owner,
    stored: Sequence[StoredRevision],
    resolve_with: Callable[[Era], Resolution],
    default_image: str,
    current: Sequence[str],
    *,
    untouched: bool = False,
) -> Choice:
    """The stored revision that the spec resolves to, or the new one that it becomes.

    Args:
        owner: the assistant.
        stored: its revisions, oldest first.
        resolve_with: resolves the spec as an operator of some time does; raises InvalidInput.
        default_image: the agent image that came with this operator.
        current: short names of the revisions in force (canary, stable, rejected). If the spec resolves to one of them
            with the default image of its time, it is that one: a newer default that an upgrade of the operator brings
            is no change of the assistant, and is taken up with its next change.
        untouched: the spec is the one last looked at. Then it is one of them too if it resolves to it by the rules of
            an earlier operator: an upgrade sends nobody's audio to accounts that could not take over before.

    Raises:
        InvalidInput: the spec cannot be resolved.
    """
    resolution = resolve_with(Era(default_image))
    found = find_revision(stored, resolution.snapshot)
    if found:
        return _choice(found, resolution)
    eras = (automatic.NOW, *(automatic.EARLIER if untouched else ()))
    in_force = (each for each in stored if each.name in current)
    for revision, rules in itertools.product(in_force, eras):
        earlier = resolve_with(Era(revision.snapshot.agent.image, rules))
        if earlier.snapshot.digest() == revision.snapshot.digest():
            return _choice(revision, earlier)
    return _choice(new_revision(owner, stored, resolution.snapshot), resolution, is_new=True)


def _choice(revision: StoredRevision, resolution: Resolution, *, is_new: bool = False) -> Choice:
    return Choice(revision, is_new, resolution.warnings, resolution.refused, resolution.retired)
