"""Where carriers knock: TwiML, and the stream of a call's audio."""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from understudy.apps.proxy import twiml
from understudy.apps.proxy.agents import Agents
from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.drain import Drain
from understudy.apps.proxy.frames import event_of
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

SEND_BUFFER = 16 * 1024
"""Bytes the kernel holds for a carrier (it doubles the number): 1.5 s of speech. The default would hide minutes."""

WRITE_HIGH = 8 * 1024
"""Bytes we hold for a carrier before we stop reading from the agent: half a second of speech."""

USER_TIMEOUT_MS = 10_000
"""Longest time sent bytes may stay unacknowledged: TCP's own patience is a quarter of an hour."""

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

    def routes(self) -> list[web.RouteDef]:
        """The carrier's paths."""
        base = "/v1/assistants/{namespace}/{name}"
        return [
            web.get(f"{base}/twiml", self.twiml),
            web.post(f"{base}/twiml", self.twiml),
            web.get(f"{base}/media", self.media),
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

    async def media(self, request: web.Request) -> web.StreamResponse:
        """Carry one call."""
        assistant = self._assistant(request)
        if self._drain.draining or not assistant.ready:
            self._metrics.refused(assistant.key, "Draining" if self._drain.draining else "NotReady")
            raise web.HTTPServiceUnavailable
        carrier = web.WebSocketResponse(
            compress=False, heartbeat=HEARTBEAT_S, max_msg_size=MAX_MESSAGE, writer_limit=WRITE_HIGH, decode_text=False
        )
        await carrier.prepare(request)
        _tune(request.transport)
        start = await _read_start(carrier)
        if start is None:
            await carrier.close(code=WSCloseCode.PROTOCOL_ERROR, message=b"no start message")
            return carrier
        await self._serve(assistant, carrier, start)
        return carrier

    async def _serve(self, assistant: Assistant, carrier: web.WebSocketResponse[bool], start: dict[str, Any]) -> None:
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
            if same and token.revision in assistant.snapshots:
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
        key = f"{request.match_info['namespace']}/{request.match_info['name']}"
        assistant = self._registry.assistants.get(key)
        if assistant is None:
            raise web.HTTPNotFound(text="no such assistant here\n")
        return assistant


def _ticket_in(start: dict[str, Any]) -> str:
    """The ticket among the carrier's parameters; empty when there is none."""
    parameters = start.get("customParameters")
    return str(parameters.get(PARAM_TOKEN, "")) if isinstance(parameters, dict) else ""


async def _read_start(carrier: web.WebSocketResponse[bool]) -> dict[str, Any] | None:
    """The carrier's `start` message; None when it sends something else, nothing, or leaves."""
    try:
        async with asyncio.timeout(START_S):
            for _ in range(START_MESSAGES):
                message = await carrier.receive()
                if message.type is not WSMsgType.TEXT:
                    return None
                event = event_of(message.data)
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


def _tune(transport: asyncio.WriteTransport | None) -> None:
    """Keep audio out of deep buffers, where it would grow old unseen. TCP_NODELAY is aiohttp's default."""
    if transport is None:
        return
    transport.set_write_buffer_limits(high=WRITE_HIGH)
    if (sock := transport.get_extra_info("socket")) is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
