"""A model provider that plays one part: good, or one of the ways to fail."""

import asyncio
import json
from typing import Any

from aiohttp import web

WORDS = ("Sure, ", "I ", "can ", "help. ", "Which ", "day?")
TEXT = "".join(WORDS)

USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":6,"total_tokens":9}}\n\n'


def sse(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    frame = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(frame).encode() + b"\n\n"


def call_piece(arguments: str, name: str | None = None) -> bytes:
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return sse({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})


class FakeModel:
    """Answers as `part` says; `aborted` is set when the proxy closed a request before its end."""

    def __init__(self, part: str = "good", status: int = 200) -> None:
        self.part = part
        self.status = status
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.asked = asyncio.Event()
        self.aborted = asyncio.Event()

    def route(self) -> web.RouteDef:
        return web.post("/v1/chat/completions", self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(await request.json())
        self.headers.append(dict(request.headers))
        self.asked.set()
        try:
            return await self._answer(request)
        except asyncio.CancelledError:
            self.aborted.set()
            raise

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.status != 200:
            error = {"message": "key sk-secret is wrong", "type": "t", "code": "some_code"}
            return web.json_response({"error": error}, status=self.status)
        if self.part == "hang":
            await asyncio.Event().wait()
        if not self.requests[-1].get("stream"):
            message = {"role": "assistant", "content": TEXT if self.part == "good" else ""}
            return web.json_response(
                {"id": "c1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
            )
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await getattr(self, f"_{self.part}")(request, response)
        return response

    async def _good(self, _request: web.Request, response: web.StreamResponse) -> None:
        await response.write(b": keep-alive\n\n" + sse({"role": "assistant", "content": ""}))
        for word in WORDS:
            await response.write(sse({"content": word}))
        await response.write(sse({}, "stop") + USAGE + b"data: [DONE]\n\n")

    async def _headers_then_hang(self, _request: web.Request, _response: web.StreamResponse) -> None:
        await asyncio.Event().wait()

    async def _keep_alive_only(self, _request: web.Request, response: web.StreamResponse) -> None:
        while True:
            await response.write(b": keep-alive\n\n")
            await asyncio.sleep(0.02)

    async def _role_then_hang(self, _request: web.Request, response: web.StreamResponse) -> None:
        await response.write(sse({"role": "assistant", "content": ""}))
        await asyncio.Event().wait()

    async def _cut_at_once(self, request: web.Request, _response: web.StreamResponse) -> None:
        _abort(request)

    async def _cut_after_two(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.write(sse({"content": WORDS[0]}))
        await response.write(sse({"content": WORDS[1]}))
        await asyncio.sleep(0.05)  # so that the words are on the wire before the reset
        _abort(request)

    async def _malformed(self, _request: web.Request, response: web.StreamResponse) -> None:
        await response.write(b"data: {oops\n\n")

    async def _malformed_after_two(self, _request: web.Request, response: web.StreamResponse) -> None:
        await response.write(sse({"content": WORDS[0]}) + sse({"content": WORDS[1]}) + b"data: {oops\n\n")

    async def _error_in_stream(self, _request: web.Request, response: web.StreamResponse) -> None:
        await response.write(b'data: {"error":{"message":"sk-secret overloaded"}}\n\n')

    async def _empty(self, _request: web.Request, response: web.StreamResponse) -> None:
        await response.write(sse({"role": "assistant", "content": ""}) + sse({}, "stop") + b"data: [DONE]\n\n")

    async def _first_then_hang(self, _request: web.Request, response: web.StreamResponse) -> None:
        await response.write(sse({"content": WORDS[0]}))
        await asyncio.Event().wait()

    async def _tool(self, _request: web.Request, response: web.StreamResponse) -> None:
        await response.write(call_piece("", "book") + call_piece('{"day":') + call_piece('"Friday"}'))
        await response.write(sse({}, "tool_calls") + b"data: [DONE]\n\n")

    async def _half_a_tool(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.write(call_piece("", "book") + call_piece('{"day":'))
        await asyncio.sleep(0.05)  # as above
        _abort(request)


def _abort(request: web.Request) -> None:
    transport = request.transport
    assert transport is not None
    transport.abort()
