"""A model provider that plays one part: good, or one of the ways to fail."""

import asyncio
import json
from typing import Any

from aiohttp import web

from understudy.domain.routing.prompt import CONTINUE

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
    """Answers as `part` says; `aborted` is set when the proxy closed a request before its end.

    Asked to go on with an answer, it gives the rest, with the `again` last words of what was said before it.
    """

    def __init__(self, part: str = "good", status: int = 200, *, again: int = 0, **headers: str) -> None:
        self.part = part
        self.status = status
        self.again = again
        self.answered_with = {name.replace("_", "-"): value for name, value in headers.items()}
        self.gate = asyncio.Event()
        self.given = b""
        self.at = 0
        self.sent: list[int] = []
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
            return web.json_response({"error": error}, status=self.status, headers=self.answered_with)
        if self.part == "hang":
            await asyncio.Event().wait()
        if not self.requests[-1].get("stream"):
            message = {"role": "assistant", "content": TEXT if self.part == "good" else ""}
            return web.json_response(
                {"id": "c1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
            )
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **self.answered_with})
        await response.prepare(request)
        await getattr(self, f"_{self.part}")(request, response)
        return response

    async def _good(self, _request: web.Request, response: web.StreamResponse) -> None:
        await response.write(b": keep-alive\n\n" + sse({"role": "assistant", "content": ""}))
        for word in self._words():
            await response.write(sse({"content": word}))
        await response.write(sse({}, "stop") + USAGE + b"data: [DONE]\n\n")

    def _words(self) -> list[str]:
        """The answer's, or those that are left of it."""
        messages = self.requests[-1]["messages"]
        if messages[-1]["content"] != CONTINUE:
            return list(WORDS)
        said = messages[-2]["content"].split()
        words = [word.strip() for word in WORDS]
        assert words[: len(said)] == said
        return [f"{word} " for word in words[len(said) - self.again :]]

    async def _given(self, _request: web.Request, response: web.StreamResponse) -> None:
        await response.write(self.given)

    async def _endless(self, _request: web.Request, response: web.StreamResponse) -> None:
        sentence = sse({"content": f"{'word ' * 20_000}end. "})
        while True:
            self.sent.append(len(sentence))
            await response.write(sentence)
            await asyncio.sleep(0)

    async def _cut_at(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.write(b"".join(sse({"content": word}) for word in WORDS[: self.at]))
        await asyncio.sleep(0.05)  # so that the words are on the wire before the reset
        _abort(request)

    async def _after_gate(self, request: web.Request, response: web.StreamResponse) -> None:
        """Good, but not before it may."""
        await self.gate.wait()
        await self._good(request, response)

    async def _word_then_hang(self, _request: web.Request, response: web.StreamResponse) -> None:
        await response.write(sse({"content": "Sure"}))
        await asyncio.Event().wait()

    async def _stall_after_sentence(self, _request: web.Request, response: web.StreamResponse) -> None:
        await response.write(b"".join(sse({"content": word}) for word in WORDS[:5]))
        await asyncio.Event().wait()

    async def _cut_after_gate(self, request: web.Request, response: web.StreamResponse) -> None:
        """Breaks when the agent has read a sentence."""
        await response.write(b"".join(sse({"content": word}) for word in WORDS[:4]))
        await self.gate.wait()
        _abort(request)

    async def _tool_then_cut(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.write(call_piece("{}", "book") + sse({}, "tool_calls"))
        await asyncio.sleep(0.05)  # as above
        _abort(request)

    async def _text_then_half_a_tool(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.write(sse({"content": "Sure, "}) + call_piece("", "book") + call_piece('{"day":'))
        await asyncio.sleep(0.05)  # as above
        _abort(request)

    async def _two_choices(self, _request: web.Request, response: web.StreamResponse) -> None:
        await response.write(sse({"content": "One"}) + sse({"content": "Two"}).replace(b'"index": 0', b'"index": 1'))
        await response.write(sse({}, "stop") + b"data: [DONE]\n\n")

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
