"""The agent's HTTP server: calls, probes, metrics."""

import asyncio
import contextlib
import traceback

from aiohttp import web

from understudy.apps.agent import wire
from understudy.apps.agent.admission import Admission
from understudy.apps.agent.conversation import Conversation, Shared
from understudy.apps.agent.logs import log
from understudy.base.clock import Clock
from understudy.base.errors import InvalidInput

START_SECONDS = 5.0
"""A peer that upgraded and does not say `start` by then holds a place it does not use."""
POLICY_VIOLATION = 1008
"""WebSocket close code for a peer that does not speak Media Streams."""


class Agent:
    """The handlers of one process."""

    def __init__(self, shared: Shared, admission: Admission, clock: Clock) -> None:
        self._shared = shared
        self._admission = admission
        self._clock = clock

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application()
        app.router.add_get("/media", self.media)
        app.router.add_get("/healthz", self.healthz)
        app.router.add_get("/readyz", self.readyz)
        app.router.add_get("/capacity", self.capacity)
        app.router.add_get("/metrics", self.metrics)
        return app

    async def healthz(self, _request: web.Request) -> web.Response:
        """200 as long as the event loop turns, draining included: a drain must not look like a death."""
        return web.Response(text="ok")

    async def readyz(self, _request: web.Request) -> web.Response:
        """503 while warming up and while draining. A full pod stays ready: only the next call goes elsewhere."""
        ready = self._admission.ready and not self._admission.draining
        return web.Response(text="ready" if ready else "not ready", status=200 if ready else 503)

    async def capacity(self, _request: web.Request) -> web.Response:
        """Live calls, capacity and whether the pod drains, for proxies that choose a pod."""
        return web.json_response(self._admission.to_json())

    async def metrics(self, _request: web.Request) -> web.Response:
        """Prometheus exposition."""
        return web.Response(body=self._shared.metrics.text(), content_type="text/plain")

    async def media(self, request: web.Request) -> web.StreamResponse:
        """One call, from upgrade to close."""
        refusal = self._admission.refusal()
        if refusal:
            self._shared.metrics.refused.labels(reason=refusal).inc()
            return web.Response(status=503, text=refusal)
        with self._admission.call():
            socket = web.WebSocketResponse(
                compress=False, heartbeat=wire.HEARTBEAT_SECONDS, max_msg_size=wire.MAX_MESSAGE_BYTES
            )
            await socket.prepare(request)
            await self._hold(socket)
            return socket

    async def _hold(self, socket: web.WebSocketResponse) -> None:
        try:
            async with asyncio.timeout(START_SECONDS):
                call = await wire.read_start(socket)
        except (InvalidInput, TimeoutError) as error:
            log.warning("refused a stream: %s", error or "no start message")
            self._shared.metrics.refused.labels(reason="bad-start").inc()
            await socket.close(code=POLICY_VIOLATION, message=b"no usable start message")
            return
        began = self._clock.monotonic()
        log.info("call %s: started", call.call_sid)
        ended = "failed"
        try:
            conversation = Conversation(call, wire.CallerSocket(socket, self._clock), self._shared)
            self._shared.metrics.setup.observe(self._clock.monotonic() - began)
            await conversation.run()
            ended = conversation.ended
        except Exception as error:  # noqa: BLE001 - whatever went wrong in this call stays in this call
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{place.filename}:{place.lineno}"
            log.error("call %s: %s at %s", call.call_sid, type(error).__name__, where)
        finally:
            self._shared.metrics.ended.labels(reason=ended).inc()
            log.info("call %s: ended after %.1f s: %s", call.call_sid, self._clock.monotonic() - began, ended)
            with contextlib.suppress(ConnectionError):
                await socket.close(code=wire.GOODBYE if ended in ("completed", "hangup") else wire.BROKEN)
