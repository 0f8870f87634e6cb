"""`kubectl understudy status`: where a rollout stands, and how model requests are routed right now."""

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from understudy.adapters.cluster.errors import ClusterError
from understudy.apps.cli import options as common
from understudy.apps.cli import terminal
from understudy.apps.cli.errors import CannotTell
from understudy.apps.cli.gather import gather
from understudy.apps.cli.page import pages
from understudy.apps.cli.ports import Reader
from understudy.apps.cli.readings_view import Trail
from understudy.apps.cli.state import State
from understudy.base.clock import Clock, SystemClock

EVERY_S = 2.0
"""Between two looks with `--watch`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, named as kubectl's own."""
    parser.add_argument("assistant", nargs="?", help="name of a VoiceAssistant; default: every one of the namespace")
    common.add_where(parser)
    parser.add_argument("-w", "--watch", action="store_true", help=f"look again every {EVERY_S:.0f} s until Ctrl-C")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument("--all", action="store_true", help="every deployment, however many")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the page as a picture, too")


def main() -> int:
    """`understudy status …`."""
    parser = argparse.ArgumentParser(prog="understudy status", description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args())


def run(options: argparse.Namespace) -> int:
    """The exit status: 1 when no proxy could tell how requests are routed."""
    return common.run(options, _show)


async def _show(reader: Reader, options: argparse.Namespace) -> int:
    watch = Watch(reader, options, sys.stdout, SystemClock())
    states = await watch.look()
    while options.watch:
        await asyncio.sleep(EVERY_S)
        await watch.look_again()
    return 0 if any(answer.pools for state in states for answer in state.proxies) else common.EXIT_FAILED


class Watch:
    """Looks, prints, and remembers what was read.

    Args:
        reader: of the cluster.
        options: from `add_arguments`.
        out: where to.
        clock: tells how long ago things were.
    """

    def __init__(self, reader: Reader, options: argparse.Namespace, out: TextIO, clock: Clock) -> None:
        self._reader = reader
        self._options = options
        self._out = out
        self._clock = clock
        self._trail = Trail()

    async def look(self) -> list[State]:
        """Look once, and print.

        Raises:
            CannotTell: there is nothing to show.
            ClusterError: the API server refused.
        """
        states = await gather(self._reader, self._options.assistant, self._clock.now())
        for state in states:
            self._trail.add(state)
        print(self._text(states), file=self._out, flush=True)
        return states

    async def look_again(self) -> None:
        """Look, and when that fails say so and go on: whoever watches wants to see it come back."""
        try:
            await self.look()
        except (CannotTell, ClusterError) as error:
            common.say_error(str(error))

    def _text(self, states: Sequence[State]) -> str:
        options = self._options
        if options.svg:
            page = pages(states, terminal.SVG_WIDTH, self._trail, every=options.all)
            terminal.write_svg(page, options.svg, f"kubectl understudy status {options.assistant or ''}".rstrip())
        if options.output == "json":
            return as_json(states)
        width = terminal.width_of(self._out)
        text = terminal.text_of(pages(states, width, self._trail, every=options.all), self._out, width)
        if options.watch and self._out.isatty():
            return terminal.CLEAR + terminal.cropped(text, shutil.get_terminal_size().lines)
        return text


def as_json(states: Sequence[State]) -> str:
    """`{"assistants": [...]}`: the whole status, and everything the proxies said, not merged."""
    return json.dumps({"assistants": [state.model_dump(mode="json", by_alias=True) for state in states]}, indent=2)
