"""The subcommands: what their options mean, and running them."""

import argparse
import asyncio
import json
import logging
import signal
from pathlib import Path

from understudy.apps.simulator import load, script, server
from understudy.apps.simulator.audio.espeak import Speech
from understudy.apps.simulator.caller import Caller, Temper
from understudy.apps.simulator.caller import dialogue as dialogues
from understudy.apps.simulator.chance import stream
from understudy.base.clock import SystemClock
from understudy.base.errors import InvalidInput

log = logging.getLogger(__name__)


def stopping() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    event, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, event.set)
    return event


async def serve(options: argparse.Namespace) -> int:
    """Serve the script until told to stop."""
    told = stopping()
    scripted = script.load(options.script) if options.script else script.Script()
    if options.seed is not None:
        scripted = scripted.model_copy(update={"seed": options.seed})
    async with server.running(scripted, host=options.host, port=options.port, cache=options.cache) as simulator:
        log.info("serving on port %d: %s", simulator.port, ", ".join(scripted.deployments) or "any deployment")
        await told.wait()
    return 0


async def call(options: argparse.Namespace) -> int:
    """Place one call; 0 when it ended as scripted."""
    draw = stream(options.seed, "dialogue")
    chosen = dialogues.choose(dialogues.load(options.dialogues), options.dialogue, draw)
    report = await _caller(options).place(chosen, seed=options.seed, call_id=options.call_id, wav=options.wav)
    if options.transcript:
        await asyncio.to_thread(options.transcript.write_text, json.dumps(report.to_json(), indent=2) + "\n")
    load.say(report.to_json() if options.verbose else report.summary())
    return 0 if report.ok else 1


async def keep_calling(options: argparse.Namespace) -> int:
    """Place calls until done or told to stop; 0 when none was dropped."""
    if options.calls is None and options.duration is None:
        raise InvalidInput("load", "needs --calls or --duration: it has to end")
    known = dialogues.load(options.dialogues)
    wanted = [dialogues.choose(known, [name], stream(0)) for name in options.dialogue] or list(known)
    work = load.Load(
        caller=_caller(options),
        dialogues=wanted,
        clock=SystemClock(),
        concurrency=min(options.concurrency, load.MAX_CONCURRENCY),
        calls=options.calls,
        duration_s=options.duration,
        stagger_s=options.stagger,
        seed=options.seed,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.stop)
    result = await work.run()
    load.say(result)
    return 1 if result["dropped"] else 0


def _caller(options: argparse.Namespace) -> Caller:
    url = options.twiml or options.media
    if not url:
        raise InvalidInput("call", "needs --twiml or --media")
    temper = Temper(options.patience, options.max_failures, options.quiet_ms)
    parameters = dict(pair.split("=", 1) for pair in options.param)
    speech = Speech(Path(options.cache) if options.cache else None)
    return Caller(url, temper, parameters, options.stream_base, speech)
