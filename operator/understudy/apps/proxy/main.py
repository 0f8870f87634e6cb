"""`understudy proxy [--documents DIR]`: the routing-proxy."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from understudy.adapters.cluster.documents import ClusterDocuments
from understudy.apps.proxy import egress
from understudy.apps.proxy.app import Proxy
from understudy.apps.proxy.documents import Source
from understudy.apps.proxy.files import FileDocuments
from understudy.apps.proxy.settings import Settings, from_environment
from understudy.base.clock import SystemClock
from understudy.base.errors import InvalidInput

log = logging.getLogger(__name__)

GC_OBJECTS = 100_000
"""New objects after which the youngest are looked at for cycles, which takes 35 ms. A request leaves none behind, so
that this is for what nobody thought of; counted one by one, calls in progress alone would set it off."""

EXIT_USAGE = 2
"""Exit status for wrong settings, as of any command line."""


def main() -> int:
    """Run until SIGTERM or SIGINT, then until the last call has ended."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    parser = argparse.ArgumentParser(prog="understudy proxy", description="Run the routing-proxy.")
    parser.add_argument("--documents", type=Path, help="read routing documents from this directory, without a cluster")
    try:
        settings = from_environment(os.environ, parser.parse_args().documents)
    except InvalidInput as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command line's answer
        return EXIT_USAGE
    uvloop.run(run(settings))
    return 0


async def run(settings: Settings) -> None:
    """Serve until told to stop; a second signal stops at once."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with _source(settings) as source, Proxy(settings, source, SystemClock(), egress.routes) as proxy:
        _settle()
        await told.wait()
        told.clear()
        log.info("draining: %d calls are live", len(proxy.context.registry.live()))
        drained = asyncio.create_task(proxy.drain.run())
        impatient = asyncio.create_task(told.wait())
        await asyncio.wait((drained, impatient), return_when=asyncio.FIRST_COMPLETED)
        for task in (drained, impatient):
            task.cancel()
        log.info("leaving: %d calls are live", len(proxy.context.registry.live()))


def _settle() -> None:
    """Take what lives as long as the process out of the collector's sight: a look at all of it takes 50 ms."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_OBJECTS, 10, 10)


@asynccontextmanager
async def _source(settings: Settings) -> AsyncIterator[Source]:
    """The cluster, or a directory where one was named."""
    if settings.documents:
        yield FileDocuments(settings.documents)
        return
    cluster = await ClusterDocuments.connect(settings.kubeconfig)
    try:
        yield cluster
    finally:
        await cluster.close()
