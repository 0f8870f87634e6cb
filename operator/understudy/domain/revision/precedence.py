"""Which fallbacks apply: the assistant's own, the referenced plan's, or the default (V2, T1).

A list is taken whole from the assistant if it is there, otherwise from the plan. The switch for automatic fallback is
taken the same way, on its own. Absent inherits; `[]` is off. docs/reference/fallback.md has the table.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Wanted(Generic[Entry]):
    """What one object says; None is absent."""

    entries: tuple[Entry, ...] | None = None
    automatic: bool | None = None


@dataclass(frozen=True, slots=True)
class Chosen(Generic[Entry]):
    """What applies."""

    entries: tuple[Entry, ...]
    from_plan: bool
    """Whether `entries` are the plan's, so that a complaint about one names the right object."""
    automatic: bool
    """Whether other accounts follow the entries."""


def choose(own: Wanted[Entry], plan: Wanted[Entry], *, default: bool) -> Chosen[Entry]:
    """What applies when the assistant says `own` and the plan says `plan`.

    Args:
        own: the assistant's inline plan.
        plan: the referenced plan.
        default: whether fallback is automatic when nobody says anything: so for voices, not for transcribers.
    """
    from_plan = own.entries is None
    entries = plan.entries if from_plan else own.entries
    return Chosen(entries or (), from_plan, _automatic(own, plan, entries, default=default))


def _automatic(own: Wanted[Entry], plan: Wanted[Entry], entries: tuple[Entry, ...] | None, *, default: bool) -> bool:
    if own.automatic is not None:
        return own.automatic
    if own.entries == ():
        return False  # the assistant said off; a switch in a plan it shares with others does not undo that
    if plan.automatic is not None:
        return plan.automatic
    return default and entries is None
