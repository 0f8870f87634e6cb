"""`WS /v2`, as Speechmatics' real-time API speaks it.

Audio that comes too fast is not refused but read more slowly, as the provider does.
"""

import asyncio
import json
import uuid
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.pace import BURST_S, Pace
from understudy.apps.simulator.streaming import Trouble
from understudy.apps.simulator.transcriber import audio_stream
from understudy.apps.simulator.transcriber.audio_stream import AudioStream, Sound
from understudy.apps.simulator.transcriber.hearing import Result
from understudy.apps.simulator.transcriber.recogniser import RecogniserPool
from understudy.apps.simulator.transcriber.speechmatics_config import DEFAULT_DELAY_S, complaint, sound_of
from understudy.base.clock import Clock

PROTOCOL_ERROR, INTERNAL_ERROR = 1003, 1011
"""Close codes; the close message's text is the error's type."""


def refused(status: int, message: str) -> web.Response:
    """An error before the socket is open."""
    return web.json_response({"code": status, "error": message}, status=status)


class SpeechmaticsHandler:
    """Serves every deployment."""

    def __init__(self, pool: RecogniserPool, clock: Clock) -> None:
        self.pool = pool
        self.clock = clock

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One session, until the client ends it."""
        with deployment.exchange(None) as exchange:
            failed = await faults.before_answer(request, exchange, refused)
            if failed is None and not deployment.accepts(_key(request)):
                failed = refused(401, "Unauthorized")
            if failed is not None:
                return failed
            socket = web.WebSocketResponse(compress=False)
            await socket.prepare(request)
            async with faults.dropping(request, exchange):
                await _Session(self, request, socket, exchange, deployment).run()
            return socket


def _key(request: web.Request) -> str | None:
    """A bearer token; a temporary one comes in the URL."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key if scheme == "Bearer" else request.query.get("jwt")


class _Session:
    """One connection: `StartRecognition` first, then audio."""

    def __init__(
        self,
        handler: SpeechmaticsHandler,
        request: web.Request,
        socket: web.WebSocketResponse,
        exchange: Exchange,
        deployment: Deployment,
    ) -> None:
        self._handler = handler
        self._socket = socket
        self._exchange = exchange
        self._deployment = deployment
        self._trouble = Trouble(request, exchange, socket, self._fail)
        self._pace = Pace(handler.clock, exchange.settings.transcriber)
        self._config: dict[str, Any] = {}
        self._sound = Sound("linear16", 16_000)
        self._stream: AudioStream | None = None
        self._chunks = 0
        self._final_until = 0.0
        """Where the last final ended: the next begins there."""

    async def run(self) -> None:
        """Serve until the session ends."""
        try:
            await audio_stream.served(self._socket, self._trouble, self._take)
        finally:
            if self._stream:
                await self._stream.close()

    async def _take(self, message: WSMessage) -> None:
        if message.type is WSMsgType.BINARY:
            await self._audio(message.data)
        elif message.type is WSMsgType.TEXT:
            await self._control(message.data)

    async def _error(self, kind: str, reason: str, code: int = PROTOCOL_ERROR) -> None:
        await self._socket.send_json({"message": "Error", "type": kind, "reason": reason})
        await self._socket.close(code=code, message=kind.encode())

    async def _fail(self) -> None:
        await self._error("job_error", "Unable to do any work on this job", INTERNAL_ERROR)

    async def _control(self, text: str) -> None:
        try:
            said = json.loads(text)
            kind = said["message"]
        except (ValueError, KeyError, TypeError):
            return await self._error("invalid_message", "The message was not understood")
        if (kind == "StartRecognition") is (self._stream is not None):
            return await self._error("protocol_error", f"{kind} is not allowed now")
        match kind:
            case "StartRecognition":
                await self._start(said)
            case "ForceEndOfUtterance":
                await self._end_utterance()
            case "EndOfStream":
                await self._end(said)
            case "GetSpeakers":
                await self._socket.send_json({"message": "SpeakersResult", "speakers": []})
            case "SetRecognitionConfig":
                self._config |= said.get("transcription_config") or {}
            case _:
                await self._error("invalid_message", f"unknown message {kind}")
        return None

    async def _start(self, said: dict[str, Any]) -> None:
        self._deployment.asked.append(said)
        wrong = complaint(said)
        if wrong is not None:
            return await self._error(*wrong)
        self._config, self._sound = said["transcription_config"], sound_of(said["audio_format"])
        trigger_s = (self._config.get("conversation_config") or {}).get("end_of_utterance_silence_trigger") or None
        delay_s = self._config.get("max_delay", DEFAULT_DELAY_S)
        silence_ms = min(delay_s, trigger_s or delay_s) * 1000
        self._stream = AudioStream(self._exchange, self._handler.pool, self._sound, silence_ms)
        await self._socket.send_json({"message": "RecognitionStarted", "id": str(uuid.uuid4())})
        quality = "telephony" if self._sound.rate < 12_000 else "broadcast"  # noqa: PLR2004 — Hz, as documented
        info = {
            "message": "Info",
            "type": "recognition_quality",
            "reason": f"Running with {quality}",
            "quality": quality,
        }
        await self._socket.send_json(info)
        return None

    async def _audio(self, data: bytes) -> None:
        if self._stream is None:
            return await self._error("protocol_error", "audio before StartRecognition")
        if not self._pace.takes(self._sound.seconds(data)):
            # Backpressure: the client's writes wait for our reads.
            await asyncio.sleep(max(0.0, self._pace.ahead_s - BURST_S))
        self._chunks += 1
        if not self._trouble.deaf:
            await self._socket.send_json({"message": "AudioAdded", "seq_no": self._chunks})
        async for result in self._stream.feed(data, self._trouble):
            if result.final:
                await self._final(result)
                await self._ended(forced=False)
            elif result.recognised.text and self._config.get("enable_partials"):
                await self._socket.send_json(_transcript("AddPartialTranscript", result, result.start))
        return None

    async def _end_utterance(self) -> None:
        """`ForceEndOfUtterance`: a final of all there is, and the end of the utterance, both marked."""
        if self._stream is not None:
            await self._final(await self._stream.finish(), forced=True)
            await self._ended(forced=True)

    async def _end(self, said: dict[str, Any]) -> None:
        last = said.get("last_seq_no")
        if (
            not isinstance(last, int) or last > self._chunks
        ):  # the SDK says how much was acknowledged, which may be less
            return await self._error("protocol_error", f"last_seq_no cannot be over {self._chunks}")
        if self._stream is not None:
            await self._final(await self._stream.finish())
        await self._socket.send_json({"message": "EndOfTranscript"})
        await self._socket.close()
        return None

    async def _final(self, result: Result, *, forced: bool = False) -> None:
        if result.recognised.text or forced:
            said = _transcript("AddTranscript", result, self._final_until) | ({"forced": True} if forced else {})
            self._final_until = said["metadata"]["end_time"]
            await self._socket.send_json(said)

    async def _ended(self, *, forced: bool) -> None:
        if forced or (self._config.get("conversation_config") or {}).get("end_of_utterance_silence_trigger"):
            at = {"start_time": self._final_until, "end_time": self._final_until}
            said = {"message": "EndOfUtterance", "metadata": at} | ({"forced": True} if forced else {})
            await self._socket.send_json(said)


def _transcript(message: str, result: Result, since: float) -> dict[str, Any]:
    """`AddTranscript` or `AddPartialTranscript`, covering the time since `since`."""
    heard = audio_stream.words(result)
    text = " ".join(word.text for word in heard)
    span = {"start_time": round(since, 2), "end_time": round(result.start + result.duration, 2)}
    return {
        "message": message,
        "format": "2.9",
        "metadata": span | {"transcript": f"{text} " if text else ""},
        "results": [
            {
                "type": "word",
                "start_time": round(word.start, 2),
                "end_time": round(word.end, 2),
                "alternatives": [{"content": word.text, "confidence": result.recognised.confidence, "language": "en"}],
            }
            for word in heard
        ],
    }
