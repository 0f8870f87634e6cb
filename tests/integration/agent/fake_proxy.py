"""The proxy as an agent sees it: model, transcriber, voice and webhook behind one token, on a loopback port.

Every step leaves an event with its time, so that tests can wait for one and benchmarks can split a turn.
"""

import asyncio
import audioop
import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.integration.agent.speech import RATE, tone
from understudy.base.clock import SystemClock

TOKEN = "a-call-token"
SPEECH_RMS = 300
WORD_MS = 120
TURN_PAUSE_MS = 300
"""Silence after which `/v2/listen` ends a turn."""


@dataclass(frozen=True)
class Event:
    at: float
    name: str
    data: Any = None


@dataclass
class Script:
    """What the fake providers say, and how fast."""

    heard: list[str] = field(default_factory=lambda: ["hello"])
    """Transcripts, one for each utterance; the last repeats. An empty one is speech that was not recognised."""
    replies: list[Any] = field(default_factory=lambda: ["Hi there."])
    """Model replies by the number of user and tool messages; the last repeats. A dict is a tool call."""
    delay_seconds: float = 0.01
    """Of every provider, to its first output."""
    voice_fails_after: int | None = None
    """Words after which all voices have failed: the context ends with an error."""
    webhook: Callable[[dict[str, Any]], Any] = lambda body: {"ok": body["name"]}
    webhook_status: int = 200
    token: str = TOKEN
    """The only token that is accepted."""


class FakeProxy:
    """All faces of the proxy in one aiohttp application."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.events: list[Event] = []
        self.sockets: set[web.WebSocketResponse] = set()
        self._news = asyncio.Condition()
        self._clock = SystemClock()
        self.url = ""

    async def __aenter__(self) -> Self:  # noqa: D105
        app = web.Application()
        app.router.add_get("/v1/listen", self._listen)
        app.router.add_get("/v2/listen", self._listen_for_turns)
        app.router.add_get("/tts/websocket", self._voice)
        app.router.add_post("/v1/chat/completions", self._model)
        app.router.add_post("/v1/webhook", self._webhook)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:  # noqa: D105
        await self._runner.cleanup()

    async def note(self, name: str, data: Any = None) -> None:
        self.events.append(Event(self._clock.monotonic(), name, data))
        async with self._news:
            self._news.notify_all()

    def named(self, name: str) -> list[Event]:
        return [event for event in self.events if event.name == name]

    async def seen(self, name: str, count: int = 1, seconds: float = 10) -> Event:
        """The `count`th event of that name, waited for."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: len(self.named(name)) >= count)
        return self.named(name)[count - 1]

    async def idle(self, seconds: float = 10) -> None:
        """Returns when the agent has closed every socket."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: not self.sockets)

    # ---- transcriber

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        _check(request.headers.get("Authorization") == f"Token {self.script.token}")
        _check(request.query["sample_rate"] == str(RATE))
        socket = await self._open(request)
        utterance = 0
        speech = False
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                speech = speech or audioop.rms(message.data, 2) > SPEECH_RMS
            elif json.loads(message.data)["type"] == "Finalize":
                await self.note("finalize")
                heard = self.script.heard
                text = heard[min(utterance, len(heard) - 1)] if speech else ""
                utterance += speech
                speech = False
                await asyncio.sleep(self.script.delay_seconds)
                await socket.send_json(_result(text))
                await self.note("transcript", text)
            elif json.loads(message.data)["type"] == "CloseStream":
                await socket.close()
        await self._closed(socket, "transcriber closed")
        return socket

    async def _listen_for_turns(self, request: web.Request) -> web.StreamResponse:
        """Turns that this side ends, after `TURN_PAUSE_MS` of silence."""
        _check(request.headers.get("Authorization") == f"Token {self.script.token}")
        _check(request.query["sample_rate"] == str(RATE))
        socket = await self._open(request)
        await socket.send_json({"type": "Connected", "request_id": "r", "sequence_id": 0})
        turn, quiet_ms = 0, -1.0
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                continue
            text = self.script.heard[min(turn, len(self.script.heard) - 1)]
            if audioop.rms(message.data, 2) > SPEECH_RMS:
                if quiet_ms < 0:
                    await socket.send_json(_turn_info("StartOfTurn", turn, text.split()[0]))
                quiet_ms = 0.0
            elif quiet_ms >= 0:
                quiet_ms += len(message.data) / (2 * RATE) * 1000
                if quiet_ms >= TURN_PAUSE_MS:
                    await socket.send_json(_turn_info("EndOfTurn", turn, text))
                    await self.note("turn", text)
                    turn, quiet_ms = turn + 1, -1.0
        await self._closed(socket, "transcriber closed")
        return socket

    # ---- model

    async def _model(self, request: web.Request) -> web.StreamResponse:
        _check(request.headers.get("Authorization") == f"Bearer {self.script.token}")
        body = await request.json()
        await self.note("model", body)
        turn = sum(message["role"] in ("user", "tool") for message in body["messages"])
        reply = self.script.replies[min(turn, len(self.script.replies) - 1)]
        await asyncio.sleep(self.script.delay_seconds)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for delta in _deltas(reply):
            chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [delta]}
            await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response

    # ---- voice

    async def _voice(self, request: web.Request) -> web.StreamResponse:
        _check(request.headers.get("X-API-Key") == self.script.token)
        socket = await self._open(request)
        begun: set[str] = set()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._speak(socket, json.loads(message.data), begun)
        await self._closed(socket, "voice closed")
        return socket

    async def _speak(self, socket: web.WebSocketResponse, order: dict[str, Any], begun: set[str]) -> None:
        context = order["context_id"]
        if order.get("cancel"):
            await self.note("cancel", context)
            return
        words = order["transcript"].split()
        fails_after = self.script.voice_fails_after
        failing = fails_after is not None and bool(words)
        words = words[:fails_after] if failing else words
        if words and context not in begun:
            begun.add(context)
            await self.note("voice", order)
            await asyncio.sleep(self.script.delay_seconds)
            await self.note("audio")
        for word in words:
            audio = base64.b64encode(tone(WORD_MS)).decode()
            await socket.send_json({"type": "chunk", "context_id": context, "data": audio, "done": False})
            stamps = {"words": [word], "start": [0.0], "end": [0.1]}
            await socket.send_json({"type": "timestamps", "context_id": context, "word_timestamps": stamps})
        if failing:
            await socket.send_json({"type": "error", "context_id": context, "status_code": 502, "error": "no voice"})
        if failing or not order["continue"]:
            await socket.send_json({"type": "done", "context_id": context, "done": True})

    # ---- webhook

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        _check(request.headers.get("Authorization") == f"Bearer {self.script.token}")
        body = await request.json()
        await self.note("webhook", body)
        answer = self.script.webhook(body)
        if asyncio.iscoroutine(answer):
            answer = await answer
        return web.json_response(answer, status=self.script.webhook_status)

    async def _open(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self.sockets.add(socket)
        return socket

    async def _closed(self, socket: web.WebSocketResponse, name: str) -> None:
        self.sockets.discard(socket)
        await self.note(name)


def _check(condition: bool) -> None:  # noqa: FBT001
    if not condition:
        raise web.HTTPUnauthorized


def _result(text: str) -> dict[str, Any]:
    alternative = {"transcript": text, "confidence": 0.99, "words": []}
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "duration": 1.0,
        "start": 0.0,
        "is_final": True,
        "speech_final": True,
        "from_finalize": True,
        "channel": {"alternatives": [alternative]},
        "metadata": {"request_id": "r", "model_info": {"name": "f", "version": "1", "arch": "f"}, "model_uuid": "u"},
    }


def _turn_info(event: str, turn: int, text: str) -> dict[str, Any]:
    return {
        "type": "TurnInfo",
        "request_id": "r",
        "sequence_id": 1,
        "event": event,
        "turn_index": turn,
        "audio_window_start": 0.0,
        "audio_window_end": 1.0,
        "transcript": text,
        "words": [{"word": word, "confidence": 0.99, "start": 0.0, "end": 0.1} for word in text.split()],
        "end_of_turn_confidence": 0.9 if event == "EndOfTurn" else 0.1,
    }


def _deltas(reply: Any) -> list[dict[str, Any]]:
    text = reply.get("say", "") if isinstance(reply, dict) else reply
    deltas = [{"content": word} for word in re.findall(r"\S+\s*", text)]
    if isinstance(reply, dict):
        function = {"name": reply["tool"], "arguments": json.dumps(reply.get("arguments", {}))}
        deltas.append({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    return [*choices, {"index": 0, "delta": {}, "finish_reason": "stop"}]
