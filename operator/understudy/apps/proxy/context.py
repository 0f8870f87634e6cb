"""What every request handler of the proxy works with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import ClientSession, web

from understudy.apps.proxy.calls import Registry
from understudy.apps.proxy.credentials import Credentials
from understudy.apps.proxy.http.transport import Transport
from understudy.apps.proxy.metrics import Metrics
from understudy.apps.proxy.pools import Pools
from understudy.base.clock import Clock


@dataclass(frozen=True, slots=True)
class ProxyContext:
    """The process's parts, built once by `app.build` before the first request."""

    registry: Registry
    credentials: Credentials
    clock: Clock
    metrics: Metrics
    session_factory: Callable[[], ClientSession]
    """The process's one client session (connection pool); created at the first use, closed by the app."""
    transport: Transport
    """The process's way to the models' providers, closed by the app."""
    pools: Pools = field(default_factory=Pools)
    """The revisions' model pools, and what is known of deployments."""


CONTEXT: web.AppKey[ProxyContext] = web.AppKey("context", ProxyContext)
