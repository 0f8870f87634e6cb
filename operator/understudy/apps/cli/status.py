"""`kubectl understudy status`: how an assistant's model requests are routed right now, asked of its proxies."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from understudy.adapters.cluster.client import NoCluster
from understudy.adapters.cluster.errors import ClusterError
from understudy.adapters.cluster.inspection import Inspector, Whereabouts
from understudy.apps.cli.gather import CannotTell, Reader, gather
from understudy.apps.cli.render import render
from understudy.apps.cli.state import State

EVERY_S = 2.0
"""Between two looks with `--watch`."""

EXIT_FAILED = 1
"""Exit status when there is nothing to show."""

CLEAR = "\x1b[H\x1b[J"
"""Cursor to the corner, and everything below it away: no flicker, and no scrolled-up copies."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, named as kubectl's own."""
    parser.add_argument("assistant", nargs="?", help="name of a VoiceAssistant; default: every one of the namespace")
    parser.add_argument("-n", "--namespace", help="default: the context's")
    parser.add_argument("--context", help="a context of the kubeconfig; default: the current one")
    parser.add_argument("--kubeconfig", help="default: $KUBECONFIG, or ~/.kube/config")
    parser.add_argument("-w", "--watch", action="store_true", help=f"look again every {EVERY_S:.0f} s until Ctrl-C")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument("--all", action="store_true", help="every deployment, however many")


def main() -> int:
    """`understudy status …`."""
    parser = argparse.ArgumentParser(prog="understudy status", description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args())


def run(options: argparse.Namespace) -> int:
    """The exit status."""
    try:
        return asyncio.run(_show(options, sys.stdout))
    except KeyboardInterrupt:
        return 0
    except (CannotTell, ClusterError, NoCluster) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the command's answer
        return EXIT_FAILED


async def _show(options: argparse.Namespace, out: TextIO) -> int:
    where = Whereabouts(options.kubeconfig or os.environ.get("KUBECONFIG"), options.context, options.namespace)
    reader = await Inspector.connect(where)
    try:
        states = await look(reader, options, out)
        while options.watch:
            await asyncio.sleep(EVERY_S)
            await look_again(reader, options, out)
    finally:
        await reader.close()
    return 0 if any(answer.pools for state in states for answer in state.proxies) else EXIT_FAILED


async def look(reader: Reader, options: argparse.Namespace, out: TextIO) -> list[State]:
    """Look once, and print."""
    states = await gather(reader, options.assistant)
    if options.output == "json":
        text = as_json(states)
    else:
        text = render(states, every=options.all)
        if options.watch and out.isatty():
            text = CLEAR + text
    print(text, file=out, flush=True)
    return states


async def look_again(reader: Reader, options: argparse.Namespace, out: TextIO) -> None:
    """Look, and when that fails say so and go on: whoever watches wants to see it come back."""
    try:
        await look(reader, options, out)
    except (CannotTell, ClusterError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the command's answer


def as_json(states: Sequence[State]) -> str:
    """`{"assistants": [...]}`: everything the proxies said, not merged."""
    return json.dumps({"assistants": [state.model_dump(mode="json") for state in states]}, indent=2)
