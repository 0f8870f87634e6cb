"""`kubectl understudy promote|pause|resume|abort|retry|undo`: asks the operator, and says what it answered.

A request is an annotation, `understudy.dev/VERB: ID[/ARGUMENT]`. The operator answers each id once and keeps the answer
in the status, so asking again with the same `--id` does nothing twice.
"""

import argparse
import asyncio
import sys
import uuid
from typing import Any

from understudy.adapters.cluster.errors import NOT_FOUND, ClusterError
from understudy.api.status import HandledRequest, VoiceAssistantStatus
from understudy.apps.cli import options as common
from understudy.apps.cli.errors import ASSISTANTS, CannotTell, explained
from understudy.apps.cli.gather import one
from understudy.apps.cli.harm import harm
from understudy.apps.cli.ports import Asker
from understudy.apps.cli.stored import find, stored
from understudy.apps.cli.summary import summary
from understudy.base.clock import Clock, SystemClock
from understudy.base.duration import parse_ms
from understudy.domain import naming

EVERY_S = 0.5
"""Between two looks for the answer: the operator needs about as long."""

TIMEOUT = "30s"
"""Longest wait for the answer: an operator that is being replaced is back within it."""

UNDO_TIMEOUT = "5m"
"""Longest wait for an undo's answer: agent pods of the old revision may have to start first."""

EXIT_UNANSWERED = 3
"""Exit status when the operator has not answered in time."""

VERBS = {
    "promote": "finish the present wait or step; --full: promote now, whatever steps are left",
    "pause": "keep the weight, and take no further step",
    "resume": "go on after a pause",
    "abort": "take the canary back: stable takes every new call",
    "retry": "try again what was rolled back or is paused, judged afresh",
    "undo": "go back to the revision before; --to REV: to that one",
}
"""Verb → what it does."""


def add_commands(commands: Any) -> None:
    """One command for each verb."""
    for verb, does in VERBS.items():
        parser = commands.add_parser(verb, help=does, description=f"{does[0].upper()}{does[1:]}.")
        parser.add_argument("assistant", help="name of a VoiceAssistant")
        common.add_where(parser)
        parser.add_argument("--id", help="the request's id, for scripts that may run twice; default: a new one")
        longest = UNDO_TIMEOUT if verb == "undo" else TIMEOUT
        parser.add_argument("--timeout", type=_seconds, default=_seconds(longest), metavar="DURATION",
                            help=f"longest wait for the operator's answer; default: {longest}")  # fmt: skip
        parser.add_argument("--wait", type=_truth, default=True, metavar="BOOL", help="--wait=false: only ask")
        parser.add_argument("-y", "--yes", action="store_true", help="do not ask back at a terminal")
        if verb == "promote":
            parser.add_argument("--full", action="store_true", help="promote now, whatever steps are left")
        if verb == "undo":
            parser.add_argument("--to", metavar="REV", help="digest or number of a stored revision (see history)")
        parser.set_defaults(run=run, verb=verb)


def _seconds(text: str) -> float:
    try:
        return parse_ms(text) / 1000
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError("write true or false")
    return text.lower() == "true"


def run(options: argparse.Namespace) -> int:
    """The exit status: 1 when refused, 3 when there was no answer in time."""
    return common.run(options, _run)


async def _run(asker: Asker, options: argparse.Namespace) -> int:
    return await ask(asker, options, SystemClock())


async def ask(asker: Asker, options: argparse.Namespace, clock: Clock) -> int:
    """Ask, wait, and print what the operator answered.

    Raises:
        CannotTell: there is no such assistant or revision, or the user may not ask.
        ClusterError: the API server refused.
    """
    name, verb, id_ = options.assistant, options.verb, options.id or uuid.uuid4().hex[:12]
    if "/" in id_:
        raise CannotTell("an --id has no slash: what follows one is the request's argument")
    assistant = await one(asker, name)
    if (answer := _answered(assistant, verb, id_, clock)) is not None:
        return _tell(name, answer)
    argument = await _argument(asker, options)
    state = summary(assistant, clock.now())
    if (danger := harm(verb, argument, state)) and not _agreed(options, danger):
        common.say_error(f"{verb} was not asked for")
        return common.EXIT_FAILED
    await _annotate(asker, name, verb, f"{id_}/{argument}" if argument else id_)
    if not options.wait:
        common.say(f"{verb} of {name} is asked for (request {id_})")
        return 0
    return await _wait(asker, options, id_, clock)


async def _argument(asker: Asker, options: argparse.Namespace) -> str:
    if getattr(options, "full", False):
        return "full"
    wanted = getattr(options, "to", None)
    return find(await stored(asker, options.assistant), wanted, options.assistant).name if wanted else ""


def _agreed(options: argparse.Namespace, danger: str) -> bool:
    """Whether whoever asks still wants it; a script is taken at its word."""
    if options.yes or not sys.stdin.isatty():
        return True
    sys.stderr.write(f"{danger} Go on? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


async def _annotate(asker: Asker, name: str, verb: str, value: str) -> None:
    try:
        await asker.annotate(name, f"{naming.GROUP}/{verb}", value)
    except ClusterError as error:
        if error.status == NOT_FOUND:
            raise CannotTell(f"{name} is gone: it was deleted just now") from error
        raise explained(error, "patch", ASSISTANTS, asker.namespace) from error


async def _wait(asker: Asker, options: argparse.Namespace, id_: str, clock: Clock) -> int:
    name, verb = options.assistant, options.verb
    ends = clock.monotonic() + options.timeout
    while True:
        assistant = await one(asker, name)
        if (answer := _answered(assistant, verb, id_, clock)) is not None:
            return _tell(name, answer)
        if clock.monotonic() >= ends:
            break
        await asyncio.sleep(EVERY_S)
    common.say_error(
        f"the operator has not answered within {options.timeout:g} s. The request stays and is carried out once it "
        f"does; see whether it runs (`kubectl get pods -A -l app.kubernetes.io/name=understudy`), then ask again with "
        f"--id {id_}"
    )
    return EXIT_UNANSWERED


def _answered(assistant: dict[str, Any], verb: str, id_: str, clock: Clock) -> HandledRequest | None:
    """The operator's answer to the request with that id; None as long as there is none."""
    status: VoiceAssistantStatus = summary(assistant, clock.now()).status
    return next((each for each in status.rollout.requests if (each.verb, each.id.split("/")[0]) == (verb, id_)), None)


def _tell(name: str, answer: HandledRequest) -> int:
    if answer.refused:
        why = answer.message.removeprefix(f"{answer.verb} {answer.id}: ")
        common.say_error(f"{answer.verb} of {name} was refused: {why}")
        return common.EXIT_FAILED
    common.say(f"{answer.verb} of {name}: {answer.message or 'done'}")
    return 0
