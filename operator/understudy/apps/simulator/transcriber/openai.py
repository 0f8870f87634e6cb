"""`WS /v1/realtime?intent=transcription`, as OpenAI speaks it: an audio buffer whose commits become items.

Deltas add up, so a guess that takes back words is not told; the completed transcript has all of them.
"""

import base64
import itertools
import json
import uuid
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.model.flavour import refused
from understudy.apps.simulator.pace import Pace
from understudy.apps.simulator.streaming import Trouble
from understudy.apps.simulator.transcriber import audio_stream
from understudy.apps.simulator.transcriber.audio_stream import AudioStream
from understudy.apps.simulator.transcriber.hearing import Result
from understudy.apps.simulator.transcriber.openai_session import Session, Wrong, updated
from understudy.apps.simulator.transcriber.recogniser import RecogniserPool
from understudy.base.clock import Clock

COMMIT_MIN_MS = 100.0
"""A commit of less is an error."""

MAX_APPEND_BYTES = 15 * 1024 * 1024
"""Of one `input_audio_buffer.append`."""

UNAUTHORIZED, BAD_REQUEST = 401, 400
ERROR_CODE, POLICY = 1011, 1008
"""Close codes."""

ABOUT = "conversation.item.input_audio_transcription."


class RealtimeHandler:
    """Serves every deployment."""

    def __init__(self, pool: RecogniserPool, clock: Clock) -> None:
        self.pool = pool
        self.clock = clock

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One session, until the client closes it."""
        with deployment.exchange(None) as exchange:
            failed = await faults.before_answer(request, exchange, refused)
            if failed is not None:
                return failed
            if not deployment.accepts(_key(request)):
                return refused(UNAUTHORIZED, "Incorrect API key provided")
            if request.query.get("intent") != "transcription":
                return refused(BAD_REQUEST, "only sessions with intent=transcription are simulated")
            socket = web.WebSocketResponse(compress=False, max_msg_size=2 * MAX_APPEND_BYTES)
            await socket.prepare(request)
            async with faults.dropping(request, exchange):
                await _Stream(self, request, socket, exchange, deployment).run()
            return socket


def _key(request: web.Request) -> str | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" else None


class _Stream:
    """One connection."""

    def __init__(
        self,
        handler: RealtimeHandler,
        request: web.Request,
        socket: web.WebSocketResponse,
        exchange: Exchange,
        deployment: Deployment,
    ) -> None:
        self._handler = handler
        self._url_model = request.query.get("model")
        self._socket = socket
        self._exchange = exchange
        self._deployment = deployment
        self._session = Session()
        self._stream: AudioStream | None = None
        self._pace = Pace(handler.clock, exchange.settings.transcriber)
        self._trouble = Trouble(request, exchange, socket, self._fail)
        self._events = itertools.count()
        self._items = (f"item_{number}" for number in itertools.count())
        self._item = next(self._items)
        self._previous: str | None = None
        self._told = ""
        self._buffered_s = 0.0

    async def run(self) -> None:
        """Serve until the session ends."""
        try:
            if not self._trouble.deaf:
                await self._send("session.created", session=self._shown())
            await audio_stream.served(self._socket, self._trouble, self._take)
        finally:
            if self._stream is not None:
                await self._stream.close()

    def _shown(self) -> dict[str, Any]:
        transcription = {"model": self._session.model} if self._session.model else None
        heard = {"transcription": transcription, "turn_detection": None}
        kind = {"type": "transcription", "object": "realtime.transcription_session", "id": f"sess_{uuid.uuid4().hex}"}
        return kind | {"audio": {"input": heard}}

    async def _take(self, message: WSMessage) -> None:
        said: Any = None
        if message.type is WSMsgType.TEXT:
            try:
                said = json.loads(message.data)
            except ValueError:
                said = None
        if not isinstance(said, dict):
            return await self._error("invalid_json", "the message is no JSON object", None)
        match said.get("type"):
            case "session.update":
                await self._update(said)
            case "input_audio_buffer.append":
                await self._append(said)
            case "input_audio_buffer.commit":
                await self._commit(said)
            case "input_audio_buffer.clear":
                await self._clear()
            case _:
                await self._error("invalid_value", "Invalid value for type", said)
        return None

    async def _update(self, said: dict[str, Any]) -> None:
        try:
            self._session = updated(self._session, said.get("session"), self._url_model)
        except Wrong as wrong:
            return await self._error(wrong.code, str(wrong), said)
        self._deployment.asked.append(said["session"])
        if self._stream is not None:
            self._stream.wait(self._session.endpointing_ms)
        return await self._send("session.updated", session=self._shown())

    async def _append(self, said: dict[str, Any]) -> None:
        try:
            data = base64.b64decode(said["audio"], validate=True)
        except (KeyError, TypeError, ValueError):
            return await self._error("invalid_value", "audio must be base64", said)
        seconds = self._session.sound.seconds(data)
        if len(data) > MAX_APPEND_BYTES or not self._pace.takes(seconds):
            await self._error("rate_limit_exceeded", "too much audio", said)
            await self._socket.close(code=POLICY)
            return None
        self._buffered_s += seconds
        async for result in self._listening().feed(data, self._trouble):
            await self._heard(result)
        return None

    def _listening(self) -> AudioStream:
        if self._stream is None:
            sound, silence_ms = self._session.sound, self._session.endpointing_ms
            self._stream = AudioStream(self._exchange, self._handler.pool, sound, silence_ms)
        return self._stream

    async def _heard(self, result: Result) -> None:
        if result.started and self._session.silence_ms is not None:
            at_ms = round(result.start * 1000)
            await self._send("input_audio_buffer.speech_started", item_id=self._item, audio_start_ms=at_ms)
        elif result.final:
            at_ms = round(self._listening().seconds * 1000)
            await self._send("input_audio_buffer.speech_stopped", item_id=self._item, audio_end_ms=at_ms)
            await self._committed(result)
        elif self._session.streams:
            await self._tell(result.recognised.text)

    async def _tell(self, text: str) -> None:
        """What was heard beyond what was told, if it goes on from there."""
        if text.startswith(self._told) and text != self._told:
            await self._send(f"{ABOUT}delta", item_id=self._item, content_index=0, delta=text[len(self._told) :])
            self._told = text

    async def _commit(self, said: dict[str, Any]) -> None:
        held_ms = self._buffered_s * 1000
        if held_ms < COMMIT_MIN_MS:
            expected = f"Expected at least 100ms of audio, but buffer only has {held_ms:.2f}ms of audio."
            message = f"Error committing input audio buffer: buffer too small. {expected}"
            await self._error("input_audio_buffer_commit_empty", message, said)
            return
        await self._committed(await self._listening().finish())

    async def _committed(self, result: Result) -> None:
        item, seconds, text = self._item, self._buffered_s, result.recognised.text
        await self._send("input_audio_buffer.committed", item_id=item, previous_item_id=self._previous)
        if self._session.model is not None:
            await self._tell(text)
            usage = {"type": "duration", "seconds": round(seconds, 3)}
            await self._send(f"{ABOUT}completed", item_id=item, content_index=0, transcript=text, usage=usage)
        self._previous, self._item = item, next(self._items)
        self._told, self._buffered_s = "", 0.0

    async def _clear(self) -> None:
        await self._listening().finish()
        self._told, self._buffered_s = "", 0.0
        await self._send("input_audio_buffer.cleared")

    async def _fail(self) -> None:
        await self._send("error", error={"type": "server_error", "code": None, "message": "by the script"})
        await self._socket.close(code=ERROR_CODE)

    async def _error(self, code: str, message: str, said: dict[str, Any] | None) -> None:
        """An error that the session survives."""
        event_id = (said or {}).get("event_id")
        error = {"type": "invalid_request_error", "code": code, "message": message, "event_id": event_id}
        await self._send("error", error=error)

    async def _send(self, kind: str, **fields: Any) -> None:
        await self._socket.send_json({"type": kind, "event_id": f"event_{next(self._events)}"} | fields)
