"""`POST /v2/live`, and the WebSocket that it opens, as Gladia's live transcription speaks it.

A session outlives its connection: a client that lost it goes on at the same URL, from the last byte acknowledged.
What the provider says of audio that comes too fast is not documented; here it is not acknowledged, and the end.
"""

import base64
import binascii
import datetime as dt
import json
import uuid
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.transcriber.gladia_config import complaint
from understudy.apps.simulator.transcriber.gladia_session import Session
from understudy.apps.simulator.transcriber.recogniser import RecogniserPool
from understudy.base.clock import Clock

MAX_MESSAGE_BYTES = 1024 * 1024
"""Longest message."""

MAX_SESSIONS = 500
"""Sessions kept that nobody ended: the oldest is given up."""

OVER = 4403
"""Close code where the session ended, or never was."""


def refused(status: int, message: str) -> web.Response:
    """An error before the socket is open."""
    document = {"statusCode": status, "message": message, "request_id": f"G-{uuid.uuid4().hex[:8]}"}
    return web.json_response(document, status=status)


class GladiaHandler:
    """Serves every deployment."""

    def __init__(self, pool: RecogniserPool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._sessions: OrderedDict[str, tuple[Session, Exchange]] = OrderedDict()
        """By token."""

    async def init(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """Opens a session; the fault that strikes it may strike here or on its socket."""
        with deployment.exchange(None) as exchange:
            failed = await faults.before_answer(request, exchange, refused)
            if failed is None and not deployment.accepts(request.headers.get("X-Gladia-Key")):
                failed = refused(401, "gladia key not found")
            return failed or await self._open(request, deployment, exchange)

    async def _open(self, request: web.Request, deployment: Deployment, exchange: Exchange) -> web.Response:
        try:
            said: Any = await request.json()
        except ValueError:
            said = None
        region = request.query.get("region")
        wrong = complaint(said, region)
        if wrong is not None:
            return refused(400, f"Invalid parameter(s): {wrong}")
        deployment.asked.append({**said, "region": region})
        token, created = str(uuid.uuid4()), dt.datetime.fromtimestamp(self._clock.now(), dt.UTC).isoformat()
        self._sessions[token] = Session(token, said, exchange, self._pool, self._clock), exchange
        while len(self._sessions) > MAX_SESSIONS:
            await self._sessions.popitem(last=False)[1][0].close()
        scheme = "wss" if request.scheme == "https" else "ws"
        url = f"{scheme}://{request.host}/{deployment.name}/v2/live?token={token}"
        return web.json_response({"id": token, "created_at": created, "url": url}, status=201)

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One connection to a session, the first or another."""
        token = request.query.get("token", "")
        socket = web.WebSocketResponse(compress=False, max_msg_size=MAX_MESSAGE_BYTES)
        await socket.prepare(request)
        if token not in self._sessions:
            await socket.close(code=OVER, message=b"Session is over")
            return socket
        session, exchange = self._sessions[token]
        # A fault strikes one connection: the client that comes back finds the session in order.
        self._sessions[token] = session, replace(exchange, fault=None)
        deployment.stats.live += 1
        try:
            async with faults.dropping(request, exchange):
                await session.serve(request, socket, exchange, _audio_or_text)
        except ConnectionError:
            deployment.stats.aborted += 1
            raise
        finally:
            deployment.stats.live -= 1
            if session.over:
                del self._sessions[token]
        return socket


def _audio_or_text(message: WSMessage) -> bytes | str | None:
    """Audio, as it is or in Base64; the type of another message; None: nothing of the protocol."""
    if message.type is WSMsgType.BINARY:
        return bytes(message.data)
    try:
        said = json.loads(message.data)
        return base64.b64decode(said["data"]["chunk"]) if said["type"] == "audio_chunk" else str(said["type"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None
