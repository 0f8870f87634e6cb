"""An agent pod that does what the test says: takes calls, listens, speaks, dies."""

import asyncio
import base64
from typing import Any, Self

import orjson
from aiohttp import ClientSession, web

LOUD, SILENT = b"\x80" * 160, b"\xff" * 160


def media(stream: str, frame: bytes) -> str:
    """A `media` message."""
    payload = base64.b64encode(frame).decode()
    return orjson.dumps({"event": "media", "streamSid": stream, "media": {"payload": payload}}).decode()


class AgentCall:
    """A call as the agent has it."""

    def __init__(self, socket: web.WebSocketResponse, agent: "FakeAgent") -> None:
        self.socket = socket
        self.agent = agent
        self.start: dict[str, Any] = {}
        self.received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    @property
    def parameters(self) -> dict[str, str]:
        """What the proxy gave it."""
        found: dict[str, str] = self.start["start"]["customParameters"]
        return found

    async def next(self, event: str) -> dict[str, Any]:
        """The next message of that kind; others are passed over."""
        while True:
            message = await asyncio.wait_for(self.received.get(), 5)
            if message["event"] == event:
                return message

    async def speak(self, frames: int = 1, frame: bytes = LOUD) -> None:
        """Send audio to the caller."""
        for _ in range(frames):
            await self.socket.send_str(media(self.start["streamSid"], frame))

    async def ask(self, answer: str, **more: Any) -> dict[str, Any]:
        """One model turn through the proxy under test; returns what the facade says."""
        headers = {"Authorization": f"Bearer {self.parameters['understudy_token']}"}
        async with (
            ClientSession() as session,
            session.post(
                f"{self.parameters['understudy_proxy']}/ask", json={"answer": answer, **more}, headers=headers
            ) as reply,
        ):
            found: dict[str, Any] = {"status": reply.status}
            if reply.status == 200:
                found |= await reply.json()
            return found

    async def hang_up(self) -> None:
        """End the call as an agent does that has said goodbye."""
        await self.socket.close()


class FakeAgent:
    """A pod with `capacity` lines on a free port of loopback; pods may share the queue of calls put through to them."""

    def __init__(self, calls: asyncio.Queue[AgentCall] | None = None, capacity: int = 10) -> None:
        self.capacity = capacity
        self.live = 0
        self.refused = 0
        self.calls: asyncio.Queue[AgentCall] = asyncio.Queue() if calls is None else calls
        self._transports: list[asyncio.Transport] = []
        self._runner: web.AppRunner | None = None
        self.address = ""

    async def __aenter__(self) -> Self:
        """Answer the port."""
        app = web.Application()
        app.add_routes([web.get("/media", self._media), web.get("/capacity", self._capacity)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Reset every connection and leave."""
        if self._runner:
            for transport in self._transports:
                transport.abort()
            await self._runner.cleanup()
            self._runner = None

    async def call(self) -> AgentCall:
        """The next call that is put through to this pod."""
        return await asyncio.wait_for(self.calls.get(), 5)

    async def die(self) -> None:
        """Vanish in mid-call: connections are reset, and nobody answers the port."""
        await self.__aexit__()

    async def _capacity(self, _: web.Request) -> web.Response:
        return web.json_response({"live": self.live, "capacity": self.capacity, "draining": False})

    async def _media(self, request: web.Request) -> web.StreamResponse:
        if self.live >= self.capacity:
            self.refused += 1
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        assert isinstance(request.transport, asyncio.Transport)
        self._transports.append(request.transport)
        call = AgentCall(socket, self)
        self.live += 1
        async for message in socket:
            event = orjson.loads(message.data)
            if event["event"] == "start":
                call.start = event
                self.calls.put_nowait(call)
            call.received.put_nowait(event)
        self.live -= 1
        return socket
