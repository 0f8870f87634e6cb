"""`kubectl understudy diff`: what differs between two revisions."""

import argparse
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from understudy.apps.cli import options as common
from understudy.apps.cli import words
from understudy.apps.cli.changes import Change, changes
from understudy.apps.cli.errors import CannotTell
from understudy.apps.cli.gather import one
from understudy.apps.cli.ports import Reader
from understudy.apps.cli.printing import show
from understudy.apps.cli.state import State
from understudy.apps.cli.stored import find, stored
from understudy.apps.cli.summary import summary
from understudy.base.clock import SystemClock
from understudy.domain.desired.revisions import StoredRevision

_LINES = {"+": "green", "-": "red", "@": "cyan"}
"""First character of a diff's line → colour."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("assistant", help="name of a VoiceAssistant")
    parser.add_argument("before", nargs="?", metavar="REV", help="number, digest or `stable`; default: stable")
    parser.add_argument(
        "after", nargs="?", metavar="REV", help="the same, or `canary`; default: canary, else the newest"
    )
    common.add_where(parser)


def run(options: argparse.Namespace) -> int:
    """The exit status."""
    return common.run(options, _run)


async def _run(reader: Reader, options: argparse.Namespace) -> int:
    name = options.assistant
    state = summary(await one(reader, name), SystemClock().now())
    revisions = await stored(reader, name)
    before = chosen(revisions, state, options.before or "stable")
    after = chosen(revisions, state, options.after or ("canary" if state.canary else "newest"))
    show(page(before, after))
    return 0


def chosen(revisions: Sequence[StoredRevision], state: State, wanted: str) -> StoredRevision:
    """The revision meant by a number, a digest, or `stable`, `canary`, `newest`.

    Raises:
        CannotTell: there is none.
    """
    if wanted in ("stable", "canary"):
        name = state.stable if wanted == "stable" else state.canary
        if not name:
            raise CannotTell(f"{state.name} has no {wanted} now; name a revision (see `kubectl understudy history`)")
        return find(revisions, name, state.name)
    if wanted == "newest" and revisions:
        return revisions[-1]
    return find(revisions, wanted, state.name)


def page(before: StoredRevision, after: StoredRevision) -> RenderableType:
    """Every change, as a tree by part of the snapshot."""
    found = changes(before.snapshot, after.snapshot)
    title = Text.assemble(
        (f"revision {before.number} ({before.name})", "red"),
        " → ",
        (f"revision {after.number} ({after.name})", "green"),
    )
    if not found:
        return Group(title, Text("no difference"))
    tree = Tree(title, guide_style=words.FAINT)
    parts: dict[str, Tree] = {}
    for change in found:
        part = change.path.replace("[", ".").split(".")[0].split(" ")[0]
        branch = parts.get(part) or tree.add(Text(part, words.BOLD))
        parts[part] = branch
        _add(branch, change)
    return tree


def _add(branch: Tree, change: Change) -> None:
    if change.lines:
        lines = [Text(each, _LINES.get(each[:1], "")) for each in change.lines]
        branch.add(Group(Text(change.path), *lines))
        return
    text = Text(f"{change.path}: ")
    text.append("absent" if change.before is None else f"- {change.before}", "red")
    text.append("  ")
    text.append("gone" if change.after is None else f"+ {change.after}", "green")
    branch.add(text)
