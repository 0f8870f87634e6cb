"""Calls through the real proxy: the carrier's side, where the caller's ear is, and the agent's side."""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from understudy.apps.simulator.audio import mulaw
from understudy.apps.simulator.caller.playback import Playback
from understudy.domain import naming

NAMESPACE = "bench"
MU_LAW = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
TOKEN_S = 10.0
"""Longest from a call's start until its agent has the token."""


class NoCall(Exception):
    """A call was not put through."""


@dataclass
class Line:
    """A call in progress.

    Attributes:
        token: what the agent shows as its key.
        playback: what the caller hears; times are monotonic.
        cut: the proxy ended the call.
    """

    token: str
    playback: Playback
    agent: web.WebSocketResponse
    stream: str
    cut: bool = False

    async def say(self, sound: bytes) -> None:
        """The agent sends PCM of 8 kHz to the caller."""
        payload = base64.b64encode(mulaw.encode(sound)).decode()
        await self.agent.send_json({"event": "media", "streamSid": self.stream, "media": {"payload": payload}})


@dataclass
class Lines:
    """Places calls."""

    session: aiohttp.ClientSession
    port: int = 0
    _starts: dict[str, asyncio.Future[tuple[web.WebSocketResponse, str]]] = field(default_factory=dict)

    @asynccontextmanager
    async def call(self, assistant: str) -> AsyncIterator[Line]:
        """A call until the block ends.

        Raises:
            NoCall: the proxy did not take it, or no agent got its token.
        """
        name = f"CA{uuid.uuid4().hex}"
        self._starts[name] = asyncio.get_running_loop().create_future()
        url = f"ws://127.0.0.1:{self.port}{naming.media_path(NAMESPACE, assistant)}"
        start: dict[str, Any] = {"streamSid": f"MZ{name}", "callSid": name, "accountSid": "AC0", "tracks": ["inbound"]}
        start |= {"customParameters": {}, "mediaFormat": MU_LAW}
        async with self.session.ws_connect(url, compress=0) as socket:
            await socket.send_json({"event": "connected", "protocol": "Call", "version": "1.0.0"})
            await socket.send_json({"event": "start", "sequenceNumber": "1", "streamSid": f"MZ{name}", "start": start})
            try:
                async with asyncio.timeout(TOKEN_S):
                    agent, token = await self._starts[name]
            except TimeoutError as late:
                raise NoCall("no agent got the call's token") from late
            finally:
                del self._starts[name]
            line = Line(token, Playback(), agent, f"MZ{name}")
            playing = asyncio.create_task(_play(socket, line))
            try:
                yield line
            finally:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)

    async def media(self, request: web.Request) -> web.StreamResponse:
        """The agent's side."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        async for message in socket:
            document = json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else {}
            if document.get("event") == "start":
                start = document["start"]
                waiting = self._starts.get(start["callSid"])
                if waiting and not waiting.done():
                    waiting.set_result((socket, start["customParameters"][naming.PARAM_TOKEN]))
        return socket


async def _play(socket: aiohttp.ClientWebSocketResponse[bool], line: Line) -> None:
    """The carrier's player: plays what comes in real time, and says so of marks."""
    loop = asyncio.get_running_loop()
    echoes: set[asyncio.Task[None]] = set()

    def echo(document: dict[str, Any]) -> None:
        task = asyncio.ensure_future(socket.send_json(document))
        echoes.add(task)
        task.add_done_callback(echoes.discard)

    async for message in socket:
        document, now = json.loads(message.data), time.monotonic()
        match document.get("event"):
            case "media":
                line.playback.receive(base64.b64decode(document["media"]["payload"]), now)
            case "clear":
                line.playback.clear(now)
            case "mark":
                loop.call_later(max(0.0, line.playback.ends_at - now), echo, document)
    line.cut = True


@asynccontextmanager
async def agents(lines: Lines) -> AsyncIterator[str]:
    """A pod that takes every call; gives its host:port."""

    async def capacity(_: web.Request) -> web.Response:
        return web.json_response({"live": 0, "capacity": 1000, "draining": False})

    app = web.Application()
    app.add_routes([web.get("/media", lines.media), web.get("/capacity", capacity)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
