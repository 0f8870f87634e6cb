"""`WS /tts/websocket`, as Cartesia speaks it: many contexts on one connection, each fed in pieces."""

import asyncio
import base64
import contextlib
import json
import re
from typing import Any

from aiohttp import WSMsgType, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.deployment import UTTERANCE_FAULTS, Deployment, Exchange
from understudy.apps.simulator.model.flavour import refused
from understudy.apps.simulator.streaming import Trouble, Truncated
from understudy.apps.simulator.voice.sound import Sounds, chunks, word_times

ENCODINGS = ("pcm_s16le", "pcm_mulaw")

DEFAULT_BUFFER_MS = 3000
"""How long Cartesia waits for a text to become a clause, unless the client says otherwise."""

_CLAUSE_END = re.compile(r"[.!?,;:]\s*$")

Message = dict[str, Any]


class CartesiaHandler:
    """Serves the Cartesia-like voice of every deployment."""

    def __init__(self, sounds: Sounds) -> None:
        self._sounds = sounds

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One connection, until the client closes it."""
        exchange = deployment.connection()
        failed = await faults.before_answer(request, exchange, refused)
        if failed is not None:
            return failed
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        async with faults.dropping(request, exchange):
            await _Connection(request, socket, deployment, self._sounds).run()
        return socket


class _Connection:
    """The contexts of one WebSocket."""

    def __init__(
        self, request: web.Request, socket: web.WebSocketResponse, deployment: Deployment, sounds: Sounds
    ) -> None:
        self.request = request
        self.socket = socket
        self.deployment = deployment
        self.sounds = sounds
        self._contexts: dict[str, _Context] = {}

    async def run(self) -> None:
        try:
            async for message in self.socket:
                if message.type is WSMsgType.TEXT:
                    await self._receive(message.data)
        finally:
            for context in list(self._contexts.values()):
                context.cancel()

    async def send(self, document: Message) -> None:
        if not self.socket.closed:
            await self.socket.send_json(document)

    def forget(self, context_id: str, context: "_Context") -> None:
        """Drop a finished context, unless its id is in use again."""
        if self._contexts.get(context_id) is context:
            del self._contexts[context_id]

    async def _receive(self, text: str) -> None:
        message, complaint = _parse(text)
        context_id = str(message.get("context_id") or "")
        if complaint:
            await self.send(_error(context_id, complaint))
        elif message.get("cancel"):
            if context := self._contexts.pop(context_id, None):
                context.cancel()
        else:
            if context_id not in self._contexts:
                self._contexts[context_id] = _Context(self, context_id, message.get("model_id"))
            self._contexts[context_id].feed(message)


class _Context:
    """One utterance: its transcripts are spoken one after the other."""

    def __init__(self, connection: _Connection, context_id: str, model: str | None) -> None:
        self._connection = connection
        self._id = context_id
        self._model = model
        self._waiting: asyncio.Queue[Message] = asyncio.Queue()
        self._spoken_s = 0.0
        self._sent_chunks = 0
        self._flushes = 0
        self._task = asyncio.create_task(self._run())

    def feed(self, message: Message) -> None:
        self._waiting.put_nowait(message)

    def cancel(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        try:
            with self._connection.deployment.exchange(self._model, UTTERANCE_FAULTS) as exchange:
                await self._converse(exchange)
        except ConnectionError:
            return
        finally:
            self._connection.forget(self._id, self)

    async def _converse(self, exchange: Exchange) -> None:
        message: Message = {"continue": True}
        connection = self._connection
        trouble = Trouble(connection.request, exchange, connection.socket, self._fail, '{"type":"chunk","context_id":"')
        with contextlib.suppress(Truncated):
            while message.get("continue"):
                message = await self._next(message)
                await self._speak(message, exchange, trouble)
        if not trouble.mute:
            await self._connection.send(self._message("done", status=200, done=True))

    async def _fail(self) -> None:
        await self._connection.send(_error(self._id, "an internal error, by the script"))

    async def _next(self, last: Message) -> Message:
        """The next thing to say: transcripts are joined until they make a clause, or until the buffer's delay is up.

        With `max_buffer_delay_ms: 0` each transcript is spoken as it comes.
        """
        message = await self._waiting.get()
        delay_s = float(message.get("max_buffer_delay_ms", DEFAULT_BUFFER_MS)) / 1000
        text = str(message.get("transcript") or "")
        try:
            async with asyncio.timeout(delay_s):
                while message.get("continue") and not message.get("flush") and not _CLAUSE_END.search(text):
                    message = await self._waiting.get()
                    text += str(message.get("transcript") or "")
        except TimeoutError:  # what there is has waited long enough
            return last | message | {"transcript": text}
        return last | message | {"transcript": text}

    async def _speak(self, message: Message, exchange: Exchange, trouble: Trouble) -> None:
        """Say one text, then mark its end."""
        settings, output = exchange.settings.voice, message["output_format"]
        text, rate = str(message["transcript"]), int(output["sample_rate"])
        voice = str((message.get("voice") or {}).get("id") or "")
        sound = await self._connection.sounds.make(text, voice, settings, rate)
        if trouble.mute or not sound:
            return
        if not self._sent_chunks:
            await faults.pause(settings.first_ms + exchange.draw.uniform(0, settings.jitter_ms))
        seconds = len(sound) / pcm.BYTES_PER_SAMPLE / rate
        if message.get("add_timestamps"):
            await self._send_times(text, seconds)
        for piece in chunks(sound, rate, settings.chunk_ms):
            await self._send_chunk(await trouble.say(piece), str(output["encoding"]))
            await faults.pause(settings.chunk_ms / settings.speed)
        self._spoken_s += seconds
        if message.get("max_buffer_delay_ms") == 0 or message.get("flush"):
            await self._send_flushed()

    async def _send_times(self, text: str, seconds: float) -> None:
        times = vars(word_times(text, seconds, self._spoken_s))
        await self._connection.send(self._message("timestamps") | {"word_timestamps": times})

    async def _send_chunk(self, sound: bytes, encoding: str) -> None:
        data = base64.b64encode(mulaw.encode(sound) if encoding == "pcm_mulaw" else sound).decode()
        self._sent_chunks += 1
        await self._connection.send(self._message("chunk") | {"data": data, "step_time": 0.0})

    async def _send_flushed(self) -> None:
        self._flushes += 1
        await self._connection.send(self._message("flush_done") | {"flush_done": True, "flush_id": self._flushes})

    def _message(self, kind: str, *, status: int = 206, done: bool = False) -> Message:
        return {"type": kind, "context_id": self._id, "status_code": status, "done": done}


def _parse(text: str) -> tuple[Message, str]:
    """The message, and what is wrong with it (empty when nothing is)."""
    try:
        message = json.loads(text)
    except ValueError:
        return {}, "the message is not JSON"
    if not isinstance(message, dict) or not message.get("context_id"):
        return {}, "context_id is missing"
    if message.get("cancel"):
        return message, ""
    output = message.get("output_format") or {}
    if output.get("container") != "raw" or output.get("encoding") not in ENCODINGS or not output.get("sample_rate"):
        return message, "output_format must be raw pcm_s16le or pcm_mulaw with a sample_rate"
    return message, ""


def _error(context_id: str, message: str) -> Message:
    """An error ends its context."""
    return {
        "type": "error",
        "context_id": context_id,
        "status_code": 400,
        "done": True,
        "title": "Error",
        "message": message,
        "error": message,
    }
