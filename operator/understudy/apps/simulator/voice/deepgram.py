"""`WS /v1/speak`, as Deepgram's Aura answers it: texts in, audio as binary messages, `Flushed` and `Cleared` between.

Source: Deepgram's API reference, "Text to Speech (Streaming)", and its Python SDK's `speak.v1` types.
"""

import asyncio
import contextlib
import json
import uuid
from typing import Any

from aiohttp import WSMsgType, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.audio import mulaw
from understudy.apps.simulator.deployment import UTTERANCE_FAULTS, Deployment
from understudy.apps.simulator.streaming import Trouble, Truncated
from understudy.apps.simulator.transcriber.handler import refused
from understudy.apps.simulator.voice.sound import Sounds, chunks

RATES = {
    "linear16": (8000, 16_000, 24_000, 32_000, 48_000),
    "mulaw": (8000, 16_000),
}
"""Sample rates by encoding; Deepgram has A-law as well."""

DEFAULT_RATE = {"linear16": 24_000, "mulaw": 8000}

LONGEST_TEXT = 2000
"""Characters in one `Speak`."""

SPEEDS = (0.7, 1.5)
"""Bounds of `speed`."""

POLICY_VIOLATION = 1008
"""Close code for a message that is not one of the protocol."""

INTERNAL_ERROR = 1011
"""Close code when Deepgram fails: an `Error` message is not documented."""


class DeepgramVoiceHandler:
    """Serves the Deepgram-like voice of every deployment."""

    def __init__(self, sounds: Sounds) -> None:
        self.sounds = sounds

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One connection, until the client closes it."""
        exchange = deployment.connection()
        wrong = _complaint(request, deployment)
        failed = wrong or await faults.before_answer(request, exchange, refused)
        if failed is not None:
            return failed
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        async with faults.dropping(request, exchange):
            await _Connection(self.sounds, request, socket, deployment).run()
        return socket


class _Connection:
    """One WebSocket; it speaks one text after the other."""

    def __init__(
        self, sounds: Sounds, request: web.Request, socket: web.WebSocketResponse, deployment: Deployment
    ) -> None:
        query = request.query
        self._sounds, self._request, self._socket, self._deployment = sounds, request, socket, deployment
        self._voice = query.get("model", "aura-asteria-en")
        self._encoding = query.get("encoding", "linear16")
        self._rate = int(query.get("sample_rate", DEFAULT_RATE[self._encoding]))
        self._speed = float(query.get("speed", 1.0))
        self._text = ""
        self._flushes: asyncio.Queue[str] = asyncio.Queue()
        self._sequence = 0
        self._speaking: asyncio.Task[None] | None = None

    async def run(self) -> None:
        await self._send({"type": "Metadata", "request_id": str(uuid.uuid4()), "model_name": self._voice})
        self._speaking = asyncio.create_task(self._speak_all())
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT and not await self._take(message.data):
                    break
        finally:
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)

    async def _take(self, text: str) -> bool:
        """Act on a message; false when the connection is over."""
        try:
            message = json.loads(text)
            kind = message["type"]
        except (ValueError, KeyError, TypeError):
            kind = None
        match kind:
            case "Speak" if 0 < len(str(message.get("text") or "")) <= LONGEST_TEXT:
                self._text += str(message["text"])
            case "Flush":
                self._flushes.put_nowait(self._text)
                self._text = ""
            case "Clear":
                await self._clear()
            case "Close":
                await self._socket.close()
                return False
            case _:
                await self._socket.close(code=POLICY_VIOLATION, message=b"DATA-0000")
                return False
        return True

    async def _clear(self) -> None:
        """Forget the texts, and be silent at once."""
        if self._speaking:
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)
        self._text, self._flushes = "", asyncio.Queue()
        await self._confirm("Cleared")
        self._speaking = asyncio.create_task(self._speak_all())

    async def _speak_all(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                text = await self._flushes.get()
                with self._deployment.exchange(self._voice, UTTERANCE_FAULTS) as exchange:
                    trouble = Trouble(self._request, exchange, self._socket, self._fail)
                    if exchange.settings.voice.first_ms:
                        await faults.pause(
                            exchange.settings.voice.first_ms
                            + exchange.draw.uniform(0, exchange.settings.voice.jitter_ms)
                        )
                    await self._speak(text, trouble)
                if not trouble.mute:
                    await self._confirm("Flushed")

    async def _speak(self, text: str, trouble: Trouble) -> None:
        settings = self._deployment.settings.voice
        self._deployment.asked.append({"text": text, **self._request.query})
        sound = await self._sounds.make(text, self._voice, settings, self._rate, speed=self._speed)
        with contextlib.suppress(Truncated):
            for piece in chunks(sound, self._rate, settings.chunk_ms) if not trouble.mute else ():
                await self._socket.send_bytes(self._encoded(await trouble.say(piece)))
                await faults.pause(settings.chunk_ms / settings.speed)

    def _encoded(self, sound: bytes) -> bytes:
        return mulaw.encode(sound) if self._encoding == "mulaw" else sound

    async def _fail(self) -> None:
        await self._socket.close(code=INTERNAL_ERROR, message=b"an internal error, by the script")

    async def _confirm(self, kind: str) -> None:
        await self._send({"type": kind, "sequence_id": self._sequence})
        self._sequence += 1

    async def _send(self, message: dict[str, Any]) -> None:
        if not self._socket.closed:
            await self._socket.send_json(message)


def _complaint(request: web.Request, deployment: Deployment) -> web.Response | None:
    """What is wrong with the handshake."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if not deployment.accepts(key if scheme.lower() in {"token", "bearer"} else None):
        return refused(401, "Invalid credentials.")
    query = request.query
    encoding, rate, speed = query.get("encoding", "linear16"), query.get("sample_rate"), query.get("speed", "1")
    if encoding not in RATES or (rate is not None and rate not in map(str, RATES[encoding])):
        return refused(400, "Unsupported audio format.")
    if query.get("container", "none") != "none":
        return refused(400, "Streams have no container.")
    try:
        within = SPEEDS[0] <= float(speed) <= SPEEDS[1]
    except ValueError:
        within = False
    return None if within else refused(400, "speed must be between 0.7 and 1.5.")
