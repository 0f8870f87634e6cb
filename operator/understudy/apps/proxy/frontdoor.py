"""Where carriers knock: TwiML, and the stream of a call's audio."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import WSCloseCode, web

from understudy.apps.proxy import twiml
from understudy.apps.proxy.agents import Agents
from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.drain import Drain
from understudy.apps.proxy.frames import event_of
from understudy.apps.proxy.http.routes import HotSocket
from understudy.apps.proxy.http.websocket import WebSocket
from understudy.apps.proxy.session import Session
from understudy.base.errors import Unauthorized
from understudy.domain.calls.observation import CallEnd
from understudy.domain.naming import PARAM_TOKEN, media_path
from understudy.domain.routing.document import Arm

log = logging.getLogger(__name__)

START_S = 10.0
"""Longest wait for a carrier's `start` message; it comes with the connection, a port scanner's never."""

START_MESSAGES = 5
"""Messages read in search of `start`: `connected` comes before it, and nothing else should."""

HEARTBEAT_S = 15.0
"""Seconds between pings to the carrier: a line that died without a packet ends within 22 s."""

WRITE_HIGH = 8 * 1024
"""Bytes we hold for a carrier before we stop reading from the agent: half a second of speech."""

MAX_MESSAGE = 64 * 1024
"""Bytes in a carrier's message; a frame of audio has 500."""


class FrontDoor:
    """Admits calls of every assistant of this process."""

    def __init__(self, context: ProxyContext, agents: Agents, drain: Drain, own_url: Callable[[], str]) -> None:
        self._registry = context.registry
        self._clock = context.clock
        self._metrics = context.metrics
        self._agents = agents
        self._drain = drain
        self._own_url = own_url
        self._sessions: dict[tuple[str, str], Session] = {}

    def routes(self) -> list[web.AbstractRouteDef]:
        """The carrier's paths."""
        base = "/v1/assistants/{namespace}/{name}"
        return [
            web.get(f"{base}/twiml", self.twiml),
            web.post(f"{base}/twiml", self.twiml),
            HotSocket(f"{base}/media", self._admits, _carriers_end, self.media),
        ]

    async def twiml(self, request: web.Request) -> web.Response:
        """Tell the carrier where to stream, and give it the ticket that keeps the caller on his arm.

        Also while draining: the stream's address is the Service's, so another pod takes the call.
        """
        assistant = self._assistant(request)
        if not assistant.ready:
            self._metrics.refused(assistant.key, "NotReady")
            # 200: a carrier reads the markup of no other answer, and would play its own error message instead.
            return web.Response(body=twiml.busy(), content_type=twiml.CONTENT_TYPE)
        form = await request.post()
        call_id = str(form.get("CallSid") or request.query.get("CallSid") or "")
        parameters = {PARAM_TOKEN: self._ticket(assistant, call_id)} if call_id else {}
        body = twiml.connect(_stream_url(request, assistant), parameters)
        return web.Response(body=body, content_type=twiml.CONTENT_TYPE)

    async def media(self, carrier: WebSocket, parameters: Mapping[str, str]) -> None:
        """Carry one call."""
        assistant = self._registry.assistants[_key(parameters)]
        start = await _read_start(carrier)
        if start is None:
            await carrier.close(WSCloseCode.PROTOCOL_ERROR, b"no start message")
        else:
            await self._serve(assistant, carrier, start)

    def _admits(self, parameters: Mapping[str, str]) -> int:
        """0, or the status with which a stream is refused."""
        assistant = self._registry.assistants.get(_key(parameters))
        if assistant is None:
            return HTTPStatus.NOT_FOUND
        if self._drain.draining or not assistant.ready:
            self._metrics.refused(assistant.key, "Draining" if self._drain.draining else "NotReady")
            return HTTPStatus.SERVICE_UNAVAILABLE
        return 0

    async def _serve(self, assistant: Assistant, carrier: WebSocket, start: dict[str, Any]) -> None:
        call = self._admit(assistant, start["start"])
        session = Session(
            carrier=carrier,
            start=start,
            call=call,
            assistant=assistant,
            agents=self._agents,
            own_url=self._own_url(),
            clock=self._clock,
        )
        key = (assistant.key, call.id)
        if before := self._sessions.get(key):
            before.end(CallEnd.DROPPED, "CarrierReconnected")
        self._sessions[key] = session
        end, cause = CallEnd.DROPPED, "ProxyStopped"
        try:
            end, cause = await session.run()
        finally:
            if self._sessions.get(key) is session:
                del self._sessions[key]
            observation = self._registry.close(call, end, cause)
            self._metrics.call_ended(assistant.key, observation, call.token.budget_ms)
            if cause:
                log.warning("a call of %s on %s was dropped: %s", assistant.key, call.token.arm, cause)
        await session.close(end, cause)

    def _admit(self, assistant: Assistant, start: dict[str, Any]) -> Call:
        """Choose the arm, once: a caller who comes back with a ticket keeps his."""
        call_id = str(start.get("callSid") or start.get("streamSid") or "")
        arm, revision = self._arm_of(assistant, call_id, _ticket_in(start))
        self._metrics.call_started(assistant.key, arm)
        return self._registry.open(assistant, call_id, arm, revision)

    def _arm_of(self, assistant: Assistant, call_id: str, ticket: str = "") -> tuple[Arm, str]:
        try:
            token = self._registry.keys.verify(ticket, self._registry.assistants.values())
            same = (token.namespace, token.assistant, token.call_id) == (assistant.namespace, assistant.name, call_id)
            if same and token.revision in assistant.snapshots and not assistant.ceilings.stops(token.revision):
                return Arm(token.arm), token.revision
        except Unauthorized:
            pass  # no ticket, or one from a proxy we do not know: a new call
        chosen = assistant.choose(call_id, self._clock.now())
        if chosen is None:
            raise web.HTTPServiceUnavailable
        return chosen[0], chosen[1].name

    def _ticket(self, assistant: Assistant, call_id: str) -> str:
        arm, revision = self._arm_of(assistant, call_id)
        return self._registry.keys.ticket(assistant, call_id, arm, revision)

    def _assistant(self, request: web.Request) -> Assistant:
        assistant = self._registry.assistants.get(_key(request.match_info))
        if assistant is None:
            raise web.HTTPNotFound(text="no such assistant here\n")
        return assistant


def _ticket_in(start: dict[str, Any]) -> str:
    """The ticket among the carrier's parameters; empty when there is none."""
    parameters = start.get("customParameters")
    return str(parameters.get(PARAM_TOKEN, "")) if isinstance(parameters, dict) else ""


async def _read_start(carrier: WebSocket) -> dict[str, Any] | None:
    """The carrier's `start` message; None when it sends something else, nothing, or leaves."""
    try:
        async with asyncio.timeout(START_S):
            for _ in range(START_MESSAGES):
                message = await carrier.receive()
                if message is None:
                    return None
                event = event_of(message)
                if event.get("event") == "start" and isinstance(event.get("start"), dict):
                    return event
    except TimeoutError:
        pass
    return None


def _stream_url(request: web.Request, assistant: Assistant) -> str:
    """The media address as the carrier has to write it: behind a proxy, the one the carrier knows."""
    host = request.headers.get("X-Forwarded-Host", request.host).split(",")[0].strip()
    scheme = request.headers.get("X-Forwarded-Proto", request.scheme).split(",")[0].strip()
    stream = "wss" if scheme in {"https", "wss"} else "ws"
    return f"{stream}://{host}{media_path(assistant.namespace, assistant.name)}"


def _key(parameters: Mapping[str, str]) -> str:
    return f"{parameters['namespace']}/{parameters['name']}"


def _carriers_end() -> WebSocket:
    return WebSocket(client=False, longest=MAX_MESSAGE, heartbeat_s=HEARTBEAT_S, write_high=WRITE_HIGH)
