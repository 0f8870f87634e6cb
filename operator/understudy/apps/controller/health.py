"""Probes and metrics on the admin port.

Watches can die while a process looks healthy, so health is not "the process answers" but "reconciling goes on":
- the resync loop still makes attempts, and they succeeded within `RESYNC_FAILING_S`;
- no key waits or is worked on for longer than `STUCK_S`;
- the watch has shown, by the second resync after it, everything that the first one listed.
An API server that is away is not our illness: restarting would only add back-off to the outage.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.ports import Key
from understudy.base.clock import Clock
from understudy.domain.naming import ADMIN_PORT

RESYNC_S = 30.0
"""How often every assistant is looked at whether or not anything was heard of it."""

RESYNC_SILENT_S = 4 * RESYNC_S
"""The resync loop has not even tried for so long: it is dead or the event loop is blocked."""

RESYNC_FAILING_S = 600.0
"""Resyncs have failed for so long that a new process with new connections and credentials is worth a try."""

STUCK_S = 120.0
"""One reconciliation makes about twenty requests of at most 20 s; in practice it takes a tenth of a second."""


@dataclass
class Heartbeat:
    """Signs of life, as the loops leave them."""

    clock: Clock
    oldest_key_s: Callable[[], float] = lambda: 0.0
    standby: bool = True
    """Waiting for the lease; nothing is expected to happen."""
    attempted_at: float = 0.0
    succeeded_at: float = 0.0
    watched: dict[Key, int] = field(default_factory=dict)
    """resourceVersion of each assistant that the watch has shown."""
    _listed: dict[Key, int] = field(default_factory=dict)
    _lagging: frozenset[Key] = frozenset()

    def started(self) -> None:
        """The lease is ours; from now on life is expected."""
        self.standby = False
        self.attempted_at = self.succeeded_at = self.clock.monotonic()

    def saw(self, key: Key, version: int) -> None:
        """The watch has shown `key` at `version`."""
        self.watched[key] = max(version, self.watched.get(key, 0))

    def forgot(self, key: Key) -> None:
        """The watch has shown that `key` is gone."""
        self.watched.pop(key, None)

    def attempted(self) -> None:
        """A resync began."""
        self.attempted_at = self.clock.monotonic()

    def resynced(self, listed: Mapping[Key, int]) -> None:
        """A resync listed the assistants at these resourceVersions."""
        self.succeeded_at = self.clock.monotonic()
        self._lagging = frozenset(
            key for key, version in self._listed.items() if key in listed and self.watched.get(key, 0) < version
        )
        self._listed = dict(listed)

    def trouble(self) -> str | None:
        """What is wrong, for a human, or None."""
        now = self.clock.monotonic()
        if self.standby:
            return None
        if now - self.attempted_at > RESYNC_SILENT_S:
            return f"no resync was tried for {now - self.attempted_at:.0f} s"
        if now - self.succeeded_at > RESYNC_FAILING_S:
            return f"no resync succeeded for {now - self.succeeded_at:.0f} s"
        if self.oldest_key_s() > STUCK_S:
            return f"an assistant has waited for {self.oldest_key_s():.0f} s"
        if self._lagging:
            return f"the watch does not show changes of {', '.join(sorted(map(str, self._lagging))[:5])}"
        return None


def make_app(heartbeat: Heartbeat, metrics: Metrics) -> web.Application:
    """The admin server: `/healthz`, `/readyz`, `/metrics`."""

    async def healthz(_: web.Request) -> web.Response:
        trouble = heartbeat.trouble()
        return web.Response(text=trouble or "ok", status=500 if trouble else 200)

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(text="standby" if heartbeat.standby else "leading")

    async def exposition(_: web.Request) -> web.Response:
        return web.Response(body=metrics.render(), content_type="text/plain", charset="utf-8")

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", exposition)
    return app


async def serve(app: web.Application, port: int = ADMIN_PORT) -> web.AppRunner:
    """Start serving; the caller cleans the runner up."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner
