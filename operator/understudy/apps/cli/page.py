"""One assistant as a page: a tree of its rollout, and below it how its model requests are routed."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from understudy.apps.cli import rollout_view, words
from understudy.apps.cli.readings_view import Trail, judging
from understudy.apps.cli.routing_view import routing
from understudy.apps.cli.state import State


def pages(states: Sequence[State], width: int, trail: Trail, *, every: bool = False) -> RenderableType:
    """All of them, a blank line between two.

    Args:
        states: what was gathered.
        width: of the terminal, in characters.
        trail: what was read before.
        every: all deployments, however many.
    """
    parts: list[RenderableType] = []
    for state in states:
        parts += [Text()] if parts else []
        parts += [_rollout(state, trail), Text(), *_routing(state, width, every=every)]
    return Group(*parts)


def _rollout(state: State, trail: Trail) -> Tree:
    tree = Tree(rollout_view.headline(state), guide_style=words.FAINT)
    rollout_view.troubles(tree, state)
    rollout_view.steps(tree, state)
    rollout_view.arms(tree, state)
    rollout_view.weight(tree, state)
    rollout_view.trials(tree, state)
    judging(tree, state, trail)
    return tree


def _routing(state: State, width: int, *, every: bool) -> Iterator[Text]:
    for line in routing(state, width, every=every):
        style = words.BOLD if line.startswith(("Pool", "proxies", "Last", "Proxies")) else ""
        yield Text(line, style)
