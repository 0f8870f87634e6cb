"""Health, metrics, and what the operator reads: on a port of their own."""

import math

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.drain import Drain
from understudy.apps.proxy.pool_views import all_pools
from understudy.apps.proxy.replay.replays import Replays
from understudy.apps.proxy.sharing import Sharing
from understudy.domain.calls.observation import CredentialProblem, ProxyReport
from understudy.domain.routing.pool.view import PoolsView

MAX_WAIT_S = 60.0
"""Longest a reader may ask us to hold a request: shorter than what load balancers and clients give up on."""


class Admin:
    """Handlers of the admin port.

    Args:
        context: the process's parts.
        drain: whether the process is leaving.
        pod: its name.
        boot_id: new at each start.
        sharing: what the process shares with other replicas.
        replays: the golden calls it was told to play.
    """

    def __init__(
        self, context: ProxyContext, drain: Drain, pod: str, boot_id: str, *, sharing: Sharing, replays: Replays
    ) -> None:
        self._context = context
        self._registry = context.registry
        self._drain = drain
        self._pod = pod
        self._boot_id = boot_id
        self._sharing = sharing
        self._replays = replays

    def routes(self) -> list[web.RouteDef]:
        """The admin port's paths."""
        return [
            web.get("/healthz", self.healthz),
            web.get("/readyz", self.readyz),
            web.get("/metrics", self.metrics),
            web.get("/v1/state", self.state),
            web.get("/v1/pools", self.pools),
        ]

    async def healthz(self, _: web.Request) -> web.Response:
        """Alive: the loop answers. Draining is no reason to be killed."""
        return web.Response(text="ok\n")

    async def readyz(self, _: web.Request) -> web.Response:
        """Ready for new calls: every assistant can be served, and the process is not leaving."""
        waiting = [assistant.key for assistant in self._registry.assistants.values() if not assistant.ready]
        if self._drain.draining:
            return web.Response(status=503, text="draining\n")
        if waiting:
            return web.Response(status=503, text=f"no stable revision yet: {', '.join(waiting)}\n")
        return web.Response(text="ok\n")

    async def metrics(self, _: web.Request) -> web.Response:
        """Prometheus text."""
        body = generate_latest(self._context.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def state(self, request: web.Request) -> web.Response:
        """One assistant's report; waits for news when the reader knows everything (`domain.calls.observation`)."""
        assistant = self._asked_for(request)
        after, generation = _number(request, "after", -1), _number(request, "generation", -1)
        wait = min(_number(request, "wait", 0.0), MAX_WAIT_S)
        self._followed(request, assistant)
        assistant.finished.acknowledge(int(after))
        stopped = assistant.ceilings.stopped
        await assistant.changed.until(
            lambda: (
                assistant.finished.has_more(int(after))
                or assistant.generation != generation
                or assistant.ceilings.stopped != stopped
                or self._replays.has_news(assistant)
            ),
            wait,
        )
        self._followed(request, assistant)
        report = self._report(assistant, int(after))
        if "after" in request.query:
            self._replays.told(assistant)
        return web.Response(body=orjson.dumps(report.to_json()), content_type="application/json")

    async def pools(self, request: web.Request) -> web.Response:
        """How this process routes one assistant's model requests now (`domain.routing.pool.view`)."""
        assistant, context = self._asked_for(request), self._context
        pools = await all_pools(context.pools, assistant, context.clock)
        shown = PoolsView(
            pod=self._pod,
            pools=pools,
            sharing=self._sharing.view(context.clock.monotonic()),
            live_calls=assistant.live_calls(),
            generation=assistant.generation,
            draining=self._drain.draining,
        )
        return web.Response(body=shown.model_dump_json().encode(), content_type="application/json")

    def _asked_for(self, request: web.Request) -> Assistant:
        assistant = self._registry.assistants.get(request.query.get("assistant", ""))
        if assistant is None:
            raise web.HTTPNotFound(text="no such assistant here\n")
        return assistant

    def _followed(self, request: web.Request, assistant: Assistant) -> None:
        """Remember that an operator follows the assistant; a look without a cursor is somebody's curl."""
        if "after" in request.query:
            assistant.polled_at = self._context.clock.monotonic()

    def _report(self, assistant: Assistant, after: int) -> ProxyReport:
        keys = self._registry.keys
        return ProxyReport(
            pod=self._pod,
            boot_id=self._boot_id,
            generation=assistant.generation,
            applied_at=assistant.applied_at,
            draining=self._drain.draining,
            key_id=keys.key_id,
            public_key=keys.public_key,
            live_calls=assistant.live_calls(),
            rescued_calls=assistant.rescued_calls,
            problems=self._problems(assistant),
            replay=self._replays.report(assistant),
            stopped=assistant.ceilings.stopped,
            observations=assistant.finished.since(after),
            lost_before=assistant.finished.lost_before,
        )

    def _problems(self, assistant: Assistant) -> tuple[CredentialProblem, ...]:
        """What is wrong with keys, each thing once, with the revisions that it concerns."""
        found: dict[tuple[str, str, str], CredentialProblem] = {}
        for name, snapshot in sorted(assistant.snapshots.items()):
            for each in self._context.credentials.problems(assistant.namespace, [snapshot]):
                known = found.setdefault((each.account, each.secret, each.reason), each)
                concerned = known.model_copy(update={"revisions": (*known.revisions, name)})
                found[each.account, each.secret, each.reason] = concerned
        if assistant.document and assistant.document.quality:
            for each in self._context.credentials.quality_problems(assistant.namespace, assistant.document.quality):
                found.setdefault((each.account, each.secret, each.reason), each)
        return tuple(found.values())


def _number(request: web.Request, name: str, default: float) -> float:
    try:
        number = float(request.query.get(name, default))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise web.HTTPBadRequest(text=f"{name} must be a number\n")
    return number
