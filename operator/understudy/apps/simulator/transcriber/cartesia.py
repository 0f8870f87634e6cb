"""`WS /stt/websocket`, as Cartesia speaks it: chunks of a transcript, and words as commands.

ink-whisper makes chunks final at silences by itself and tells the times of words; ink-2 does neither.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.pace import Pace
from understudy.apps.simulator.streaming import Trouble
from understudy.apps.simulator.transcriber import audio_stream
from understudy.apps.simulator.transcriber.audio_stream import AudioStream, Sound
from understudy.apps.simulator.transcriber.hearing import Result
from understudy.apps.simulator.transcriber.recogniser import RecogniserPool
from understudy.base.clock import Clock

ENCODINGS = {"pcm_s16le": "linear16", "pcm_mulaw": "mulaw", "pcm_alaw": "alaw"}
"""Of those that Cartesia takes, the ones that are simulated."""

WHISPER = ("ink-whisper", "ink-whisper-2025-06-04")
MODELS = ("ink-2", *WHISPER)

COMMON = frozenset({"model", "encoding", "sample_rate", "language", "cartesia_version", "access_token", "api_key"})
OF_WHISPER = frozenset({"min_volume", "max_silence_duration_secs"})
OF_INK_2 = frozenset({"keyterm"})
"""Parameters of every model, and of one alone."""

IDLE_S = 180.0
"""Cartesia closes a socket without messages after three minutes."""

NEVER_MS = 1e9
"""Silence that never comes."""

BAD_REQUEST, UNAUTHORIZED, SERVER_ERROR = 400, 401, 500
ERROR_CODE = 1011
"""Close code after an error."""


def refused(status: int, message: str) -> web.Response:
    """An error before the socket is open."""
    document = {"error_code": "simulated", "title": "Error", "message": message, "request_id": str(uuid.uuid4())}
    return web.json_response(document, status=status)


class CartesiaListenHandler:
    """Serves every deployment."""

    def __init__(self, pool: RecogniserPool, clock: Clock) -> None:
        self.pool = pool
        self.clock = clock

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One audio stream, until one side closes it."""
        with deployment.exchange(request.query.get("model")) as exchange:
            failed = await faults.before_answer(request, exchange, refused)
            if failed is not None:
                return failed
            if not deployment.accepts(_key(request)):
                return refused(UNAUTHORIZED, "Invalid API key")
            if (wrong := _complaint(request)) is not None:
                return refused(BAD_REQUEST, wrong)
            asked = {name: value for name, value in request.query.items() if name not in {"access_token", "api_key"}}
            deployment.asked.append(asked)
            socket = web.WebSocketResponse(compress=False, receive_timeout=IDLE_S)
            await socket.prepare(request)
            async with faults.dropping(request, exchange):
                await _Stream(self, request, socket, exchange).run()
            return socket


def _key(request: web.Request) -> str | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    bearer = key if scheme.lower() == "bearer" else None
    return request.headers.get("X-API-Key") or bearer or request.query.get("access_token")


def _complaint(request: web.Request) -> str | None:
    """What is wrong with the request."""
    asked: Mapping[str, str] = request.query
    if not (request.headers.get("Cartesia-Version") or asked.get("cartesia_version")):
        return "Cartesia-Version is missing"
    model = asked.get("model")
    if model not in MODELS:
        return "model"
    unknown = sorted(asked.keys() - COMMON - (OF_WHISPER if model in WHISPER else OF_INK_2))
    if unknown:
        return unknown[0]
    if asked.get("encoding") not in ENCODINGS or not asked.get("sample_rate", "").isdigit():
        return "encoding, sample_rate"
    language = asked.get("language", "en")
    two_letters = len(language) == 2 and language.isalpha()  # noqa: PLR2004 - ISO 639-1
    return None if language == "en" or (two_letters and model in WHISPER) else "language"


class _Stream:
    """One connection."""

    def __init__(
        self, handler: CartesiaListenHandler, request: web.Request, socket: web.WebSocketResponse, exchange: Exchange
    ) -> None:
        asked = request.query
        self._socket = socket
        self._request_id = str(uuid.uuid4())
        self._whisper = asked["model"] in WHISPER
        self._language = asked.get("language", "en")
        self._sound = Sound(ENCODINGS[asked["encoding"]], int(asked["sample_rate"]))
        usual_ms = exchange.settings.transcriber.endpointing_ms
        silence_ms = float(asked.get("max_silence_duration_secs", usual_ms / 1000)) * 1000
        self._stream = AudioStream(exchange, handler.pool, self._sound, silence_ms if self._whisper else NEVER_MS)
        self._pace = Pace(handler.clock, exchange.settings.transcriber)
        self._trouble = Trouble(request, exchange, socket, self._fail)
        self._said = False

    async def run(self) -> None:
        """Serve until the stream ends."""
        try:
            await audio_stream.served(self._socket, self._trouble, self._take)
        except TimeoutError:
            await self._socket.close(message=b"idle")
        finally:
            await self._stream.close()

    async def _take(self, message: WSMessage) -> None:
        if message.type is WSMsgType.BINARY:
            await self._audio(message.data)
        elif message.type is WSMsgType.TEXT:
            await self._command(message.data)

    async def _audio(self, data: bytes) -> None:
        if not self._pace.takes(self._sound.seconds(data)):
            await self._error(BAD_REQUEST, "audio comes faster than it is spoken")
            return
        async for result in self._stream.feed(data, self._trouble):
            await self._chunk(result)

    async def _command(self, command: str) -> None:
        match command:
            case "finalize":
                await self._chunk(await self._stream.finish())
                await self._send("flush_done")
            case "close" | "done":
                await self._chunk(await self._stream.finish())
                await self._send("done")
                await self._socket.close()
            case _:
                await self._error(BAD_REQUEST, "expected finalize or close")

    async def _chunk(self, result: Result) -> None:
        """What was heard since the last final chunk, with the space that parts it from that."""
        text = result.recognised.text
        if not text:
            return
        fields: dict[str, Any] = {"text": f" {text}" if self._said else text, "is_final": result.final}
        if self._whisper:
            fields |= {"duration": round(result.duration, 3), "language": self._language, "words": _words(result)}
        self._said = self._said or result.final
        await self._send("transcript", **fields)

    async def _fail(self) -> None:
        await self._error(SERVER_ERROR, "an internal error, by the script")

    async def _error(self, status: int, message: str) -> None:
        await self._send("error", status_code=status, title="Error", message=message, error_code="simulated")
        await self._socket.close(code=ERROR_CODE)

    async def _send(self, kind: str, **fields: Any) -> None:
        await self._socket.send_json({"type": kind, "request_id": self._request_id} | fields)


def _words(result: Result) -> list[dict[str, Any]]:
    return [
        {"word": word.text, "start": round(word.start, 3), "end": round(word.end, 3)}
        for word in audio_stream.words(result)
    ]
