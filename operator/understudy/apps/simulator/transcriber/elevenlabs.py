"""`WS /v1/speech-to-text/realtime`, as ElevenLabs' Scribe speaks it: segments, ended by commits.

Every commit is answered with `committed_transcript`, and again with times where the client asked for times or for the
language. Without commits a segment is committed by the provider when it gets long.
"""

import base64
import json
import uuid
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.pace import Pace
from understudy.apps.simulator.streaming import Trouble
from understudy.apps.simulator.transcriber import audio_stream
from understudy.apps.simulator.transcriber.audio_stream import AudioStream, Sound
from understudy.apps.simulator.transcriber.elevenlabs_query import complaint, sound
from understudy.apps.simulator.transcriber.hearing import Result
from understudy.apps.simulator.transcriber.recogniser import RecogniserPool
from understudy.base.clock import Clock

COMMIT_MIN_S = 0.3
"""A commit of less is ignored."""

SEGMENT_S = 90.0
"""A segment is committed by itself after so much audio."""

NEVER_MS = 1e9
"""Silence that never comes."""

UNAUTHORIZED = 401
"""HTTP status after a wrong key."""

POLICY, ERROR_CODE = 1008, 1011
"""Close codes: after what the client did, after what happened to us."""


def refused(status: int, message: str) -> web.Response:
    """An error before the socket is open."""
    return web.json_response({"detail": {"status": "simulated", "message": message}}, status=status)


class ScribeHandler:
    """Serves every deployment."""

    def __init__(self, pool: RecogniserPool, clock: Clock) -> None:
        self.pool = pool
        self.clock = clock

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One session. What is wrong with its parameters is said on the open socket."""
        with deployment.exchange(request.query.get("model_id")) as exchange:
            failed = await faults.before_answer(request, exchange, refused)
            if failed is not None:
                return failed
            if not deployment.accepts(request.headers.get("xi-api-key") or request.query.get("token")):
                return refused(UNAUTHORIZED, "Invalid API key")
            asked: dict[str, Any] = {name: value for name, value in request.query.items() if name != "token"}
            deployment.asked.append(asked)
            socket = web.WebSocketResponse(compress=False)
            await socket.prepare(request)
            if (wrong := complaint(asked)) is not None:
                await _close(socket, "invalid_request", wrong, POLICY)
                return socket
            async with faults.dropping(request, exchange):
                await _Session(self, request, socket, exchange).run()
            return socket


async def _close(socket: web.WebSocketResponse, kind: str, error: str, code: int) -> None:
    await socket.send_json({"message_type": kind, "error": error})
    await socket.close(code=code)


class _Session:
    """One connection."""

    def __init__(
        self, handler: ScribeHandler, request: web.Request, socket: web.WebSocketResponse, exchange: Exchange
    ) -> None:
        asked = request.query
        self._asked = dict(asked)
        self._socket = socket
        self._sound: Sound = sound(asked)
        by_itself = asked.get("commit_strategy", "manual") == "vad"
        silence_ms = float(asked.get("vad_silence_threshold_secs", 1.5)) * 1000
        self._stream = AudioStream(exchange, handler.pool, self._sound, silence_ms if by_itself else NEVER_MS)
        self._pace = Pace(handler.clock, exchange.settings.transcriber)
        self._trouble = Trouble(request, exchange, socket, self._fail)
        self._timed = asked.get("include_timestamps") == "true"
        self._tells_language = asked.get("include_language_detection") == "true"
        self._uncommitted_s = 0.0
        self._began = False

    async def run(self) -> None:
        """Serve until the session ends."""
        try:
            if not self._trouble.deaf:
                session = {"session_id": uuid.uuid4().hex, "config": self._asked}
                await self._send("session_started", **session)
            await audio_stream.served(self._socket, self._trouble, self._take)
        finally:
            await self._stream.close()

    async def _take(self, message: WSMessage) -> None:
        if message.type is WSMsgType.BINARY:
            await self._complain("audio comes base64-encoded in input_audio_chunk")
        elif message.type is WSMsgType.TEXT:
            await self._chunk(message.data)

    async def _chunk(self, text: str) -> None:
        try:
            said = json.loads(text)
            data = base64.b64decode(said.get("audio_base_64") or "", validate=True)
        except (ValueError, AttributeError):
            return await self._complain("no chunk of audio")
        wrong = self._wrong(said)
        if wrong:
            return await self._complain(wrong)
        self._began = True
        if data:
            await self._audio(data)
        if (said.get("commit") or said["message_type"] == "commit") and not self._socket.closed:
            await self._commit()
        return None

    def _wrong(self, said: dict[str, Any]) -> str:
        """What is wrong with a chunk."""
        if said.get("message_type") not in {"input_audio_chunk", "commit"}:
            return "message_type must be input_audio_chunk"
        if said.get("previous_text") and self._began:
            return "previous_text may come with the first chunk only"
        rate = said.get("sample_rate")
        return "" if rate in {None, self._sound.rate} else "sample_rate is not that of audio_format"

    async def _audio(self, data: bytes) -> None:
        seconds = self._sound.seconds(data)
        if not self._pace.takes(seconds):
            await _close(self._socket, "rate_limited", "audio comes faster than it is spoken", POLICY)
            return
        self._uncommitted_s += seconds
        async for result in self._stream.feed(data, self._trouble):
            if result.final:
                await self._committed(result)
            elif result.recognised.text:
                await self._send("partial_transcript", text=result.recognised.text)
        if self._uncommitted_s >= SEGMENT_S:
            await self._committed(await self._stream.finish())

    async def _commit(self) -> None:
        if self._trouble.deaf:
            return
        if self._uncommitted_s < COMMIT_MIN_S:
            held = f"only {self._uncommitted_s:.2f}s of uncommitted audio"
            error = f"Commit request ignored: {held}. You need at least {COMMIT_MIN_S}s of uncommitted audio before"
            await self._send("commit_throttled", error=f"{error} committing.")
            return
        await self._committed(await self._stream.finish())

    async def _committed(self, result: Result) -> None:
        self._uncommitted_s = 0.0
        text = result.recognised.text
        await self._send("committed_transcript", text=text)
        if self._timed or self._tells_language:
            language = self._asked.get("language_code", "en")
            words = _words(result) if self._timed else None
            await self._send("committed_transcript_with_timestamps", text=text, language_code=language, words=words)

    async def _fail(self) -> None:
        await _close(self._socket, "transcriber_error", "by the script", ERROR_CODE)

    async def _complain(self, wrong: str) -> None:
        await _close(self._socket, "input_error", wrong, POLICY)

    async def _send(self, kind: str, **fields: Any) -> None:
        await self._socket.send_json({"message_type": kind} | fields)


def _words(result: Result) -> list[dict[str, Any]]:
    """Words and the spaces between them."""
    words: list[dict[str, Any]] = []
    for word in audio_stream.words(result):
        start, end = round(word.start, 3), round(word.end, 3)
        if words:
            words.append({"text": " ", "start": words[-1]["end"], "end": start, "type": "spacing"})
        words.append({"text": word.text, "start": start, "end": end, "type": "word", "logprob": -0.1})
    return words
