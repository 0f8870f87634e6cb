"""Voices on Cartesia's and OpenAI's protocols. One word sounds for 300 ms, at the level of its voice's mark."""

import asyncio
import base64
from typing import Any

import numpy as np
import orjson
from aiohttp import WSMsgType, web

WORD_S = 0.3


def word_audio(level: int, rate: int) -> bytes:
    return np.full(int(rate * WORD_S), level, dtype="<i2").tobytes()


class FakeCartesia:
    """Speaks each transcript at once.

    Args:
        level: sample value of its audio, by which a test tells voices apart.
        part: `good`; `silent` takes text and sends nothing; `error` refuses each context; `break_after_four`
            drops the socket after four words of a text; `announce_all_speak_four` likewise, with all times before
            them; `truncate_after_two` ends after two as though complete; `stall_after_two` goes on with nothing;
            `hush_after_two` with silence.
        status: HTTP status of the handshake; 101 accepts.
    """

    def __init__(self, level: int = 1000, part: str = "good", status: int = 101) -> None:
        self.level = level
        self.part = part
        self.status = status
        self.messages: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.cancelled = asyncio.Event()
        self.asked = asyncio.Event()
        self._offset: dict[str, float] = {}

    def route(self) -> web.RouteDef:
        return web.get("/tts/websocket", self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        if self.status != 101:
            return web.Response(status=self.status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self.take(socket, orjson.loads(message.data), request)
        return socket

    async def take(self, socket: web.WebSocketResponse, message: dict[str, Any], request: web.Request) -> None:
        if message.get("cancel"):
            self.cancelled.set()
            return
        self.messages.append(message)
        self.asked.set()
        if self.part == "silent":
            return
        context = {"context_id": message["context_id"], "status_code": 206, "done": False}
        if self.part == "error":
            await socket.send_json({**context, "type": "error", "status_code": 400, "error": "key sk-secret is wrong"})
            return
        words = message["transcript"].split()
        if self.part == "announce_all_speak_four":
            starts = [index * WORD_S for index, _ in enumerate(words)]
            await socket.send_json({**context, "type": "timestamps", "word_timestamps": _times(words, starts)})
            message = {**message, "add_timestamps": False}
        said, sounding = _share(self.part, words)
        await self.speak(socket, context, {**message, "transcript": " ".join(words[:said])}, sounding)
        if self.part in BREAKING and said < len(words) and request.transport is not None:
            await asyncio.sleep(0.05)  # so that the audio is on the wire before the reset
            request.transport.abort()
        elif self.part == "stall_after_two":
            await asyncio.Event().wait()
        elif not message["continue"]:
            await socket.send_json({**context, "type": "done", "done": True})

    async def speak(
        self, socket: web.WebSocketResponse, context: dict[str, Any], message: dict[str, Any], sounding: int
    ) -> None:
        words = message["transcript"].split()
        rate = message["output_format"]["sample_rate"]
        for number, word in enumerate(words):
            data = base64.b64encode(word_audio(self.level if number < sounding else 0, rate)).decode()
            await socket.send_json({**context, "type": "chunk", "data": data})
            start = self._offset.get(context["context_id"], 0.0)
            self._offset[context["context_id"]] = start + WORD_S
            if message.get("add_timestamps"):
                times = _times([word], [start])
                await socket.send_json({**context, "type": "timestamps", "word_timestamps": times})


def _times(words: list[str], starts: list[float]) -> dict[str, Any]:
    return {"words": words, "start": starts, "end": [start + WORD_S for start in starts]}


BREAKING = ("break_after_four", "announce_all_speak_four")


def _share(part: str, words: list[str]) -> tuple[int, int]:
    """How many of `words` a voice sends audio for, and how many of them sound."""
    said = {"truncate_after_two": 2, "stall_after_two": 2, "break_after_four": 4, "announce_all_speak_four": 4}
    count = said.get(part, len(words))
    return count, 2 if part == "hush_after_two" else count


class FakeOpenAISpeech:
    """Speaks one text a request.

    Args:
        level: as for `FakeCartesia`.
        part: `good`; `silent` sends headers and nothing; `empty` ends without audio; `break_second` breaks off in the
            second text; `hold_after_two` goes on when `go_on` is set; the others as for `FakeCartesia`.
        status: of the answer.
    """

    def __init__(self, level: int = 2000, part: str = "good", status: int = 200) -> None:
        self.level = level
        self.part = part
        self.status = status
        self.requests: list[dict[str, Any]] = []
        self.go_on = asyncio.Event()

    def route(self) -> web.RouteDef:
        return web.post("/v1/audio/speech", self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(await request.json())
        if self.status != 200:
            return web.json_response({"error": {"code": "bad_voice", "message": "sk-secret"}}, status=self.status)
        response = web.StreamResponse()
        await response.prepare(request)
        if self.part == "silent":
            await asyncio.Event().wait()
        words = self.requests[-1]["input"].split() if self.part != "empty" else []
        said, sounding = _share(self.part, words)
        for number in range(said):
            if self.part == "hold_after_two" and number == 2:
                await self.go_on.wait()
            await response.write(word_audio(self.level if number < sounding else 0, 24_000))
            if self.part == "break_second" and len(self.requests) > 1 and number == 1:
                await asyncio.sleep(0.05)  # as above
                assert request.transport is not None
                request.transport.abort()
                break
        if self.part == "stall_after_two":
            await asyncio.Event().wait()
        return response
