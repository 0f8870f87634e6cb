"""A transcriber on Deepgram's protocol that knows which pieces of audio it heard: each piece carries its number."""

import asyncio
from typing import Any

import orjson
from aiohttp import WSMsgType, web

PIECE_S = 0.02
RATE = 8000
PIECE_BYTES = int(RATE * PIECE_S * 2)
QUERY = f"encoding=linear16&sample_rate={RATE}&channels=1&interim_results=true&model=agents-own"


LOUD = 8000
"""Added to every number: what is said is heard as speech."""


def piece(number: int) -> bytes:
    """20 ms of audio that say `number`."""
    return (LOUD + number).to_bytes(2, "little") * (PIECE_BYTES // 2)


def heard_in(audio: bytes) -> list[int]:
    """The numbers that pieces say, in one message or several."""
    return [int.from_bytes(audio[at : at + 2], "little") - LOUD for at in range(0, len(audio), PIECE_BYTES)]


def numbers(text: str) -> list[int]:
    """The numbers in a transcript."""
    return [int(word) for word in text.split()]


def result(heard: list[int], start: int, **flags: bool) -> dict[str, Any]:
    """A transcript of the pieces in `heard`, which begin at piece `start` of the connection."""
    words = [
        {"word": str(n), "start": (start + i) * PIECE_S, "end": (start + i + 1) * PIECE_S, "confidence": 1.0}
        for i, n in enumerate(heard)
    ]
    alternative = {"transcript": " ".join(map(str, heard)), "confidence": 1.0, "words": words}
    channel = {"alternatives": [alternative]}
    timing = {"start": start * PIECE_S, "duration": len(heard) * PIECE_S}
    return {"type": "Results", "channel_index": [0, 1], **timing, "is_final": True, "channel": channel, **flags}


class FakeTranscriber:
    """Hears numbers.

    Args:
        status: HTTP status of the handshake; 101 accepts.
        final_every: pieces after which a final comes by itself; 0 for none.
        drop_after: pieces after which each connection breaks, once; 0 for never.
        answers: whether `Finalize` is answered.
    """

    def __init__(self, status: int = 101, final_every: int = 0, drop_after: int = 0, *, answers: bool = True) -> None:
        self.status = status
        self.final_every = final_every
        self.drop_after = drop_after
        self.answers = answers
        self.connections: list[list[int]] = []
        self.queries: list[dict[str, str]] = []
        self.authorization: list[str] = []
        self.finalizes = 0
        self.heard = asyncio.Event()
        self.finalized = asyncio.Event()
        self.kept_alive = asyncio.Event()
        self.closed = asyncio.Event()
        self._live: web.Request | None = None

    def route(self) -> web.RouteDef:
        return web.get("/v1/listen", self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.queries.append(dict(request.query))
        self.authorization.append(request.headers.get("Authorization", ""))
        if self.status != 101:
            return web.Response(status=self.status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._live = request
        await _Connection(self, socket, request).run()
        self.closed.set()
        return socket

    def drop(self) -> None:
        """Break the newest connection."""
        assert self._live is not None
        assert self._live.transport is not None
        self._live.transport.abort()


class _Connection:
    def __init__(self, fake: FakeTranscriber, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.fake = fake
        self.socket = socket
        self.request = request
        self.pieces: list[int] = []
        self.final = 0
        fake.connections.append(self.pieces)

    async def run(self) -> None:
        async for message in self.socket:
            if self.request.transport is None or self.request.transport.is_closing():
                return
            if message.type is WSMsgType.BINARY:
                await self.audio(message.data)
            else:
                await self.control(orjson.loads(message.data)["type"])

    async def audio(self, data: bytes) -> None:
        for number in heard_in(data):
            await self.one(number)

    async def one(self, number: int) -> None:
        self.pieces.append(number)
        self.fake.heard.set()
        fake = self.fake
        if fake.final_every and len(self.pieces) - self.final >= fake.final_every:
            await self.say()
        if fake.drop_after and len(self.pieces) >= fake.drop_after:
            fake.drop_after = 0
            assert self.request.transport is not None
            self.request.transport.abort()

    async def control(self, kind: str) -> None:
        if kind == "Finalize":
            self.fake.finalizes += 1
            self.fake.finalized.set()
            if self.fake.answers:
                await self.say(from_finalize=True)
        elif kind == "KeepAlive":
            self.fake.kept_alive.set()
        elif kind == "CloseStream":
            await self.say()
            await self.socket.send_json({"type": "Metadata", "request_id": "r"})
            await self.socket.close()

    async def say(self, **flags: bool) -> None:
        heard, start = self.pieces[self.final :], self.final
        self.final = len(self.pieces)
        await self.socket.send_json(result(heard, start, **flags))
