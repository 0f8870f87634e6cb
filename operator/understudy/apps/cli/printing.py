"""A page to standard output."""

import sys

from rich.console import RenderableType

from understudy.apps.cli import options as common
from understudy.apps.cli import terminal


def show(page: RenderableType) -> None:
    """Print `page` as wide as the terminal is."""
    common.say(terminal.text_of(page, sys.stdout, terminal.width_of(sys.stdout)))
