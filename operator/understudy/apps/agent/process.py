"""An agent process: what it loads, how it warms up, how it stops."""

import asyncio
import gc

from aiohttp import web

from understudy.apps.agent.admission import Admission
from understudy.apps.agent.conversation import Shared
from understudy.apps.agent.hearing import Models
from understudy.apps.agent.logs import log
from understudy.apps.agent.metrics import Metrics
from understudy.apps.agent.server import Agent
from understudy.apps.agent.services import Clients
from understudy.apps.agent.settings import Settings
from understudy.apps.agent.warmup import warm_up
from understudy.base.clock import SystemClock


class Process:
    """A running agent."""

    def __init__(self, admission: Admission, clients: Clients, runner: web.AppRunner, port: int) -> None:
        self.admission = admission
        self.port = port
        """The port that is really listened on."""
        self._clients = clients
        self._runner = runner

    @classmethod
    async def start(cls, settings: Settings) -> "Process":
        """Load, listen, rehearse a call, and only then be ready."""
        admission = Admission(settings.calls)
        clients = Clients()
        shared = Shared(settings, Models(), clients, Metrics(admission))
        runner = web.AppRunner(Agent(shared, admission, SystemClock()).app(), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        port = int(runner.addresses[0][1])
        await warm_up(shared)
        # What is loaded by now lives as long as the process: taken out of the collector's sight, a full collection
        # takes 5 ms instead of stopping every call's audio for 200.
        gc.collect()
        gc.freeze()
        admission.ready = True
        log.info("ready on port %d, %d calls, end of turn by %s", port, settings.calls, settings.end_of_turn)
        return cls(admission, clients, runner, port)

    async def drain(self, limit_seconds: float) -> None:
        """Refuse new calls, wait for the live ones, close.

        Args:
            limit_seconds: longest wait; a call that outlives it is cut.
        """
        self.admission.draining = True
        log.info("draining: %d calls live", self.admission.live)
        try:
            async with asyncio.timeout(limit_seconds):
                await self.admission.drained()
        except TimeoutError:
            log.warning("drain: %d calls outlived the limit", self.admission.live)
        await self._runner.cleanup()
        await self._clients.close()
        log.info("drained")
