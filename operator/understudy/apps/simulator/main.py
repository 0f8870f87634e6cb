"""`understudy simulator serve|call|load`: providers and callers for demos and tests."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from understudy.apps.simulator import commands
from understudy.apps.simulator.caller import Temper
from understudy.base.errors import UnderstudyError

DEFAULT_PORT = 8080
"""Where the simulator serves every provider."""
BAD_USAGE = 2
"""Exit status for wrong options, as of any command line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the subcommands; the exit status is 0 only when all went as scripted."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        return int(uvloop.run(options.run(options)))
    except UnderstudyError as failure:
        sys.stderr.write(f"{failure}\n")
        return BAD_USAGE


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(prog="understudy simulator", description=__doc__)
    commands_of = root.add_subparsers(required=True, metavar="COMMAND")
    _serve(commands_of.add_parser("serve", help="simulated providers"))
    _call(commands_of.add_parser("call", help="place one call"))
    _load(commands_of.add_parser("load", help="place calls continuously"))
    return root


def _serve(options: argparse.ArgumentParser) -> None:
    options.add_argument("--script", type=Path, help="YAML or JSON; without it any deployment exists, with defaults")
    options.add_argument("--host", default="0.0.0.0")
    options.add_argument("--port", type=int, default=DEFAULT_PORT)
    options.add_argument("--seed", type=int, help="instead of the script's")
    options.add_argument("--cache", type=Path, help="directory that keeps speech between runs")
    options.set_defaults(run=commands.serve)


def _call(options: argparse.ArgumentParser) -> None:
    _common(options)
    options.add_argument("--call-id", help="CallSid; random without")
    options.add_argument("--wav", type=Path, help="stereo recording: caller left, assistant right")
    options.add_argument("--transcript", type=Path, help="the whole report as JSON")
    options.add_argument("--verbose", action="store_true", help="print the whole report, not one line of it")
    options.set_defaults(run=commands.call)


def _load(options: argparse.ArgumentParser) -> None:
    _common(options)
    options.add_argument("--concurrency", type=int, default=1, help="calls at a time")
    options.add_argument("--duration", type=float, help="seconds after which no call is started")
    options.add_argument("--calls", type=int, help="how many calls in all")
    options.add_argument("--stagger", type=float, default=1.0, help="seconds between the first calls")
    options.set_defaults(run=commands.keep_calling)


def _common(options: argparse.ArgumentParser) -> None:
    temper = Temper()
    options.add_argument("--twiml", help="URL of the front door's TwiML")
    options.add_argument("--media", help="WebSocket URL of a media stream, without TwiML")
    options.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="with --media")
    options.add_argument("--stream-base", help="ws://host:port to use instead of the one in the TwiML")
    options.add_argument("--dialogue", action="append", default=[], help="name; again for more; any without")
    options.add_argument("--dialogues", type=Path, help="JSON file of dialogues instead of the built-in ones")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--cache", type=Path, help="directory that keeps speech between runs")
    options.add_argument("--patience", type=float, default=temper.patience_s, help="seconds without an answer")
    options.add_argument("--max-failures", type=int, default=temper.max_failures, help="before the caller gives up")
    options.add_argument("--quiet-ms", type=int, default=temper.quiet_ms, help="silence that ends an answer")
