"""`kubectl understudy history`: the stored revisions, what changed in each, and what became of it."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from understudy.api.status import Phase, RolloutStatus
from understudy.apps.cli import options as common
from understudy.apps.cli import words
from understudy.apps.cli.changes import Change, changes
from understudy.apps.cli.errors import CannotTell
from understudy.apps.cli.gather import one
from understudy.apps.cli.ports import Reader
from understudy.apps.cli.printing import show
from understudy.apps.cli.stored import documents
from understudy.apps.cli.summary import made, summary
from understudy.base.clock import SystemClock
from understudy.domain.desired.revisions import StoredRevision, parse_revisions
from understudy.domain.rollout.times import to_seconds
from understudy.domain.rollout.waiting import in_words

MOST_CHANGES = 3
"""Changes named in a line; the rest is counted."""

UNDONE = " serves again in place of "
"""What an undo's transition says after the name of the revision that it returned to (`rollout.undoing`)."""

_OUTCOMES = {Phase.PROMOTING: "promoted", Phase.ROLLING_BACK: "rolled back", Phase.STABLE: "serves"}
"""Phase that a revision's rollout led to → what became of it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One revision.

    Attributes:
        number: counts the assistant's revisions.
        name: short digest.
        age_s: seconds since it was made; None: unknown.
        role: stable, canary, previous, rejected, or empty.
        changed: against the one before it.
        outcome: what became of its last rollout; empty where that is forgotten.
    """

    number: int
    name: str
    age_s: float | None
    role: str
    changed: str
    outcome: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("assistant", help="name of a VoiceAssistant")
    common.add_where(parser)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="default: text")


def run(options: argparse.Namespace) -> int:
    """The exit status."""
    return common.run(options, _run)


async def _run(reader: Reader, options: argparse.Namespace) -> int:
    name = options.assistant
    now = SystemClock().now()
    rollout = summary(await one(reader, name), now).status.rollout
    found = await documents(reader, name)
    revisions = parse_revisions(found)
    if not revisions:
        raise CannotTell(f"{name} has no stored revision yet")
    ages = {revision: now - each.at for revision, each in made(found).items() if each.at}
    lines = told(revisions, rollout, ages)
    if options.output == "json":
        fields = ("number", "name", "age_s", "role", "changed", "outcome")
        common.say(json.dumps({"revisions": [{f: getattr(each, f) for f in fields} for each in lines]}, indent=2))
    else:
        show(page(lines, rollout, now))
    return 0


def told(revisions: Sequence[StoredRevision], rollout: RolloutStatus, ages: dict[str, float]) -> list[Line]:
    """A line for each revision, newest first."""
    before = [None, *revisions[:-1]]
    lines = [
        Line(
            number=each.number,
            name=each.name,
            age_s=ages.get(each.name),
            role=_role(each.name, rollout),
            changed=_changed(changes(last.snapshot, each.snapshot)) if last else "the oldest that is kept",
            outcome=_outcome(each.name, rollout),
        )
        for last, each in zip(before, revisions, strict=True)
    ]
    return lines[::-1]


def _role(name: str, rollout: RolloutStatus) -> str:
    """What it is now."""
    roles = {"stable": rollout.stable, "canary": rollout.canary, "previous": rollout.previous}
    role = next((role for role, each in roles.items() if each and each.name == name), "")
    return role or ("rejected" if rollout.rejected and rollout.rejected.name == name else "")


def _changed(found: Sequence[Change]) -> str:
    if not found:
        return "nothing that this version knows of"
    named = "; ".join(each.short() for each in found[:MOST_CHANGES])
    return named if len(found) <= MOST_CHANGES else f"{named}; and {len(found) - MOST_CHANGES} more"


def _outcome(name: str, rollout: RolloutStatus) -> str:
    """What became of it last, as far back as the status remembers."""
    told = (each for each in reversed(rollout.history) if each.message.startswith(f"{name} ") and each.to in _OUTCOMES)
    last, back = next(told, None), rollout.last_rollback
    if back and back.revision == name and (last is None or to_seconds(back.at) >= to_seconds(last.at)):
        return f"rolled back: {back.reason}"
    if last and UNDONE in last.message:
        return "serves again: undo"
    return f"{_OUTCOMES[last.to]}: {last.reason}" if last else ""


def page(lines: Sequence[Line], rollout: RolloutStatus, now: float) -> RenderableType:
    """The revisions as a table, and the last transitions below it."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=words.BOLD, pad_edge=False)
    for heading, nowrap in (("NO", True), ("REVISION", True), ("AGE", True), ("IS", True), ("CHANGED", False),
                            ("LAST ROLLOUT", False)):  # fmt: skip
        table.add_column(heading, no_wrap=nowrap, overflow="fold")
    for each in lines:
        age = "-" if each.age_s is None else in_words(max(0.0, each.age_s))
        style = words.BAD if each.role == "rejected" else words.GOOD if each.role == "stable" else ""
        cells = (str(each.number), each.name, age, each.role or "-", each.changed, each.outcome or "-")
        table.add_row(*(Text(cell, style if n == 3 else "") for n, cell in enumerate(cells)))  # noqa: PLR2004 - IS
    if not rollout.history:
        return table
    return Group(table, Text(), Text("Transitions", words.BOLD), _story(rollout, now))


def _story(rollout: RolloutStatus, now: float) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in rollout.history:
        when = f"{in_words(max(0.0, now - to_seconds(each.at)))} ago"
        moved = each.to.value if each.from_ is each.to else f"{each.from_.value} → {each.to.value}"
        table.add_row(Text(when), Text(moved), Text(f"{each.reason}: {each.message}"))
    return table
