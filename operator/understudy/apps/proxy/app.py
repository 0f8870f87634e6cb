"""The proxy put together: parts, two servers, background work, an orderly end."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Self

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web

from understudy.apps.proxy.admin import Admin
from understudy.apps.proxy.agents import Agents
from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.calls import Registry
from understudy.apps.proxy.context import CONTEXT, ProxyContext
from understudy.apps.proxy.credentials import Credentials
from understudy.apps.proxy.documents import Keeper, Source
from understudy.apps.proxy.drain import Drain
from understudy.apps.proxy.frontdoor import FrontDoor
from understudy.apps.proxy.http.client import KeptTransport
from understudy.apps.proxy.http.listener import Listener
from understudy.apps.proxy.keys import Keys
from understudy.apps.proxy.lastgood import LastGood
from understudy.apps.proxy.metrics import Metrics
from understudy.apps.proxy.pool_views import scraped_pools
from understudy.apps.proxy.replay.replays import Replays
from understudy.apps.proxy.scoring.scorer import Scorer
from understudy.apps.proxy.settings import Settings
from understudy.apps.proxy.sharing_setup import sharing_for
from understudy.apps.proxy.upkeep import Upkeep
from understudy.base.clock import Clock
from understudy.domain.revision.snapshot import Account
from understudy.domain.routing.pool.view import PoolView

log = logging.getLogger(__name__)

CONNECT_S = 5.0
"""Longest wait for a TCP connection to anything; whoever sends a request sets the deadline for its answer."""

KEEP_ALIVE_S = 55.0
"""Seconds an idle connection to a provider is kept: callers think longer than aiohttp's 15 s, and a new TLS handshake
would be paid within the turn. Load balancers close idle connections after 60 s, and we should be first."""

RESTART_S = 1.0
"""Pause before background work that failed is started again."""

Routes = Callable[[ProxyContext], Iterable[web.AbstractRouteDef]]
"""Routes of a facade, given the context."""


class Proxy:
    """A running routing-proxy.

    Args:
        settings: what it was told.
        source: where routing documents come from.
        clock: the machine's clocks.
        facades: routes of the provider facades, given the context.
    """

    def __init__(self, settings: Settings, source: Source, clock: Clock, facades: Routes) -> None:
        self._settings = settings
        self._clock = clock
        self._facades = facades
        self._client: ClientSession | None = None
        assistants = [Assistant(namespace, name) for namespace, name in settings.assistants]
        registry = Registry({assistant.key: assistant for assistant in assistants}, Keys(clock), clock)
        credentials = Credentials(clock, settings.credentials_dir, self._session)
        self.context = ProxyContext(registry, credentials, clock, Metrics(), self._session, KeptTransport())
        registry.finishers.append(Scorer(self.context).finish)
        self._boot_id = secrets.token_hex(8)
        self.sharing = sharing_for(settings, self.context.pools, clock, self._boot_id)
        self.context.metrics.watch(registry.assistants.values, clock)
        self.context.metrics.watch_pools(self._pool_views, lambda: self.sharing.view(clock.monotonic()))
        self.upkeep = Upkeep(self.context)
        registry.on_open.append(self.upkeep.opened)
        self.drain = Drain(lambda: assistants, clock)
        self._agents = Agents(self._session, clock, self._services, settings.cluster_domain)
        self._replays = Replays(self.context, self._agents, self._own_url, settings.pod)
        self._last_good = LastGood(settings.state_dir)
        self._keepers = [Keeper(assistant, source, self._last_good, clock) for assistant in assistants]
        self._listeners: list[Listener] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.port = self.admin_port = 0

    async def __aenter__(self) -> Self:
        """Start: from the last good documents at once, from the source as soon as it answers."""
        self.context.pools.knowledge.soon = asyncio.get_running_loop().call_soon
        for keeper in self._keepers:
            keeper.restore()
        pod, boot_id = self._settings.pod, self._boot_id
        admin = Admin(self.context, self.drain, pod, boot_id, sharing=self.sharing, replays=self._replays)
        self.admin_port = await self._serve(admin.routes(), self._settings.admin_port)
        front = FrontDoor(self.context, self._agents, self.drain, self._own_url)
        self.port = await self._serve([*front.routes(), *self._facades(self.context)], self._settings.port)
        background = [
            *(keeper.run for keeper in self._keepers),
            self._agents.run,
            self._keep_tokens,
            self.sharing.run,
            self.upkeep.run,
            self._replays.run,
        ]
        self._tasks = [asyncio.create_task(_for_ever(work)) for work in background]
        log.info(
            "serving %s on ports %d and %d", ", ".join(self.context.registry.assistants), self.port, self.admin_port
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop; live calls are dropped, so drain before."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listener in reversed(self._listeners):
            await listener.close()
        await self.context.registry.finishing.close()
        await self._last_good.close()
        await self.context.transport.close()
        if self._client:
            await self._client.close()

    def _session(self) -> ClientSession:
        """The process's client: no limit on connections (calls bound them), no cookies, no total timeout."""
        if self._client is None:
            self._client = ClientSession(
                connector=TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
                timeout=ClientTimeout(total=None, sock_connect=CONNECT_S),
                cookie_jar=DummyCookieJar(),
            )
        return self._client

    async def _keep_tokens(self) -> None:
        await self.context.credentials.keep_tokens(self._accounts)

    def _accounts(self) -> list[tuple[str, Account]]:
        assistants = self.context.registry.assistants.values()
        snapshots = ((each.namespace, snapshot) for each in assistants for snapshot in each.snapshots.values())
        served = [(namespace, account) for namespace, snapshot in snapshots for account in snapshot.accounts.values()]
        orders = ((each.namespace, each.document.quality) for each in assistants if each.document)
        judges = [(namespace, order.judge_account) for namespace, order in orders if order and order.judge_account]
        return served + judges

    def _pool_views(self) -> Iterable[PoolView]:
        for assistant in self.context.registry.assistants.values():
            yield from scraped_pools(self.context.pools, assistant, self._clock)

    def _services(self) -> list[tuple[str, str]]:
        assistants = self.context.registry.assistants.values()
        return [(each.namespace, service) for each in assistants for service in each.agent_services()]

    def _own_url(self) -> str:
        """Where an agent reaches this very pod."""
        host = self._settings.pod_ip
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    async def _serve(self, routes: Iterable[web.AbstractRouteDef], port: int) -> int:
        """Start a server with `routes`; the port that was bound."""
        listener = Listener(routes)
        listener.app[CONTEXT] = self.context
        self._listeners.append(listener)
        await listener.start("::" if ":" in self._settings.pod_ip else "0.0.0.0", port)
        return listener.port


async def _for_ever(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `work` again when it fails: a watch that died silently would leave us on an old document."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("background work failed; starting it again")
        await asyncio.sleep(RESTART_S)
