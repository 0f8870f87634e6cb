"""`understudy agent`: serve calls until told to stop, then until the last one has ended."""

import asyncio
import os
import signal
import sys

import uvloop

from understudy.apps.agent import logs
from understudy.apps.agent.settings import Settings, from_environment
from understudy.base.errors import InvalidInput

DRAIN_MARGIN_SECONDS = 10.0
"""On top of the longest call: to close sockets and write the last lines."""


def main() -> int:
    """Run the agent; returns the exit status."""
    try:
        settings = from_environment(os.environ)
    except InvalidInput as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    uvloop.run(serve(settings))
    return 0


async def serve(settings: Settings) -> None:
    """Load, serve, drain."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    logs.configure(settings.log_level)
    # A second and more of imports; wrong settings are refused and signals are heeded before it.
    from understudy.apps.agent.process import Process  # noqa: PLC0415

    process = await Process.start(settings)
    await stop.wait()
    await process.drain(settings.max_call_ms / 1000 + DRAIN_MARGIN_SECONDS)
