"""`kubectl understudy explain`: why a rollout is where it is, and what would move it."""

import argparse

from rich.text import Text
from rich.tree import Tree

from understudy.apps.cli import options as common
from understudy.apps.cli import words
from understudy.apps.cli.gather import one
from understudy.apps.cli.ports import Reader
from understudy.apps.cli.printing import show
from understudy.apps.cli.rollout_view import headline
from understudy.apps.cli.state import State
from understudy.apps.cli.summary import summary
from understudy.base.clock import SystemClock
from understudy.domain.rollout.explain import explain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("assistant", help="name of a VoiceAssistant")
    common.add_where(parser)


def run(options: argparse.Namespace) -> int:
    """The exit status."""
    return common.run(options, _run)


async def _run(reader: Reader, options: argparse.Namespace) -> int:
    show(page(summary(await one(reader, options.assistant), SystemClock().now())))
    return 0


def page(state: State) -> Tree:
    """The explanation as a tree of two branches."""
    told = explain(state.case)
    tree = Tree(headline(state), guide_style=words.FAINT)
    why = tree.add(Text("why it is where it is", words.BOLD))
    for sentence in told.why:
        why.add(Text(sentence))
    moves = tree.add(Text("what would move it", words.BOLD))
    for sentence in told.moves:
        moves.add(Text(sentence))
    return tree
