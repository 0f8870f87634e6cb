"""Azure's voices over a WebSocket: each request is a turn of audio and word boundaries.

Source: microsoft/cognitive-services-speech-sdk-js, `SynthesisAdapterBase.ts`; what Microsoft's Python SDK sends.
"""

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.audio import pcm
from understudy.apps.simulator.azure_speech import PROTOCOL_ERROR, SUBPROTOCOL, Violation, checked, complaint, refused
from understudy.apps.simulator.azure_speech import ticks as in_ticks
from understudy.apps.simulator.deployment import UTTERANCE_FAULTS, Deployment, Exchange
from understudy.apps.simulator.streaming import Trouble, Truncated
from understudy.apps.simulator.voice.azure_ssml import Boundary, Speech, Wanted, boundaries, speech, wanted
from understudy.apps.simulator.voice.sound import Sounds, chunks
from understudy.base.clock import Clock
from understudy.domain.speech import azure

STREAM_ID = "0" * 32
"""Names the audio of a turn; Azure's is random."""

INTERNAL_ERROR = 1011
"""Close code when Azure fails: there is no message for it."""


class AzureVoiceHandler:
    """Serves the Azure-like voice of every deployment."""

    def __init__(self, sounds: Sounds, clock: Clock) -> None:
        self.sounds = sounds
        self.clock = clock

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One connection, until the client closes it."""
        exchange = deployment.connection()
        wrong = complaint(request, deployment)
        failed = wrong or await faults.before_answer(request, exchange, refused)
        if failed is not None:
            return failed
        socket = web.WebSocketResponse(compress=False, protocols=(SUBPROTOCOL,))
        await socket.prepare(request)
        async with faults.dropping(request, exchange):
            await _Connection(self, request, socket, deployment).run()
        return socket


class _Connection:
    """One WebSocket; it speaks one request at a time."""

    def __init__(
        self, handler: AzureVoiceHandler, request: web.Request, socket: web.WebSocketResponse, deployment: Deployment
    ) -> None:
        self.handler = handler
        self.request = request
        self.socket = socket
        self.deployment = deployment
        self._configured = False
        self._wanted: dict[str, Wanted] = {}
        self._over: set[str] = set()
        self._turns: dict[str, asyncio.Task[None]] = {}
        self._speaking = asyncio.Lock()

    async def run(self) -> None:
        try:
            async for message in self.socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    await self._take(message)
        finally:
            for turn in self._turns.values():
                turn.cancel()
            await asyncio.gather(*self._turns.values(), return_exceptions=True)

    async def send(self, request_id: str, path: str, body: dict[str, Any]) -> None:
        """A text message of a turn."""
        text = azure.text(path, request_id, json.dumps(body), self.handler.clock.now())
        await self.socket.send_str(text)

    async def send_audio(self, request_id: str, sound: bytes) -> None:
        """A piece of a turn's audio."""
        frame = azure.binary("audio", request_id, sound, self.handler.clock.now(), "audio/x-wav")
        size = int.from_bytes(frame[:2], "big")
        headers = frame[2 : 2 + size] + f"X-StreamId: {STREAM_ID}\r\n".encode()
        await self.socket.send_bytes(len(headers).to_bytes(2, "big") + headers + sound)

    async def _take(self, message: WSMessage) -> None:
        try:
            self._understand(checked(message))
        except Violation as violation:
            await self.socket.close(code=violation.code, message=violation.reason.encode()[:120])

    def _understand(self, said: azure.Message) -> None:
        if said.path != "speech.config" and not self._configured:
            raise Violation(PROTOCOL_ERROR, "speech.config must come first")
        match said.path:
            case "speech.config":
                self._configured = True
            case "synthesis.context":
                self._wanted[said.request_id] = wanted(said.body)
            case "ssml":
                self._begin(said.request_id, speech(said.body))
            case "synthesis.control":
                if turn := self._turns.get(said.request_id):
                    turn.cancel()
            case "telemetry":
                pass
            case _:
                raise Violation(PROTOCOL_ERROR, "unknown path")

    def _begin(self, request_id: str, text: Speech) -> None:
        if request_id in self._over or request_id in self._turns:
            raise Violation(PROTOCOL_ERROR, "Invalid request. Reuse of request identifiers is not allowed.")
        asked = self._wanted.pop(request_id, None)
        if asked is None:
            raise Violation(PROTOCOL_ERROR, "synthesis.context must come before ssml")
        self.deployment.asked.append({"format": asked.audio, **vars(text)})
        turn = asyncio.create_task(self._serve(request_id, asked, text))
        self._turns[request_id] = turn

    async def _serve(self, request_id: str, asked: Wanted, text: Speech) -> None:
        with contextlib.suppress(ConnectionError):
            try:
                async with self._speaking:
                    with self.deployment.exchange(text.voice, UTTERANCE_FAULTS) as exchange:
                        await _Turn(self, request_id, asked, text, exchange).run()
            finally:
                self._over.add(request_id)
                del self._turns[request_id]


class _Turn:
    """One request."""

    def __init__(
        self, connection: _Connection, request_id: str, asked: Wanted, text: Speech, exchange: Exchange
    ) -> None:
        self._connection = connection
        self._id = request_id
        self._asked = asked
        self._text = text
        self._exchange = exchange
        self._trouble = Trouble(connection.request, exchange, connection.socket, self._fail, malformed="no headers")

    async def run(self) -> None:
        """Speak; a client that stops the turn gets its end at once.

        Raises:
            ConnectionError: the client is gone.
        """
        settings = self._exchange.settings.voice
        await self._send("turn.start", {"context": {"serviceTag": STREAM_ID}})
        try:
            with contextlib.suppress(Truncated):
                rate = self._asked.format.rate
                sound = await self._connection.handler.sounds.make(
                    self._text.text, self._text.voice, settings, rate, speed=self._text.speed
                )
                await faults.pause(settings.first_ms + self._exchange.draw.uniform(0, settings.jitter_ms))
                if not self._trouble.mute:
                    await self._speak(sound)
        except asyncio.CancelledError:
            await self._send("turn.end", {})
            raise
        if not self._trouble.mute:
            await self._send("turn.end", {})

    async def _speak(self, sound: bytes) -> None:
        settings, rate = self._exchange.settings.voice, self._asked.format.rate
        await self._send("response", {"context": {}, "audio": {"type": "inline", "streamId": STREAM_ID}})
        seconds = len(sound) / pcm.BYTES_PER_SAMPLE / rate
        told = list(boundaries(self._text.text, seconds)) if self._asked.words else []
        for at, piece in enumerate(chunks(sound, rate, settings.chunk_ms)):
            told = await self._tell(told, (at + 1) * settings.chunk_ms / 1000)
            audio = self._asked.format.encode(await self._trouble.say(piece))
            await self._connection.send_audio(self._id, audio)
            await faults.pause(settings.chunk_ms / settings.speed)
        await self._tell(told, seconds)
        end = {"Type": "SessionEnd", "Data": {"Offset": in_ticks(seconds)}}
        await self._send("audio.metadata", {"Metadata": [end]})

    async def _tell(self, told: list[Boundary], until: float) -> list[Boundary]:
        """Boundaries that begin before `until`, ahead of their audio; returns the others."""
        now = [boundary for boundary in told if boundary.start < until]
        if now:
            await self._send("audio.metadata", {"Metadata": [boundary.to_json() for boundary in now]})
        return told[len(now) :]

    async def _fail(self) -> None:
        await self._connection.socket.close(code=INTERNAL_ERROR, message=b"an internal error, by the script")

    async def _send(self, path: str, body: dict[str, Any]) -> None:
        await self._connection.send(self._id, path, body)
