"""A provider of the Responses API that plays one part."""

import asyncio
from typing import Any

import orjson
from aiohttp import web

TEXT = "Sure, I can help."
USAGE = {
    "input_tokens": 3,
    "output_tokens": 5,
    "total_tokens": 8,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "book", "arguments": "{}"}


def response(*output: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    fixed = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": status, "error": None}
    rest = {"instructions": None, "metadata": {}, "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    return {**fixed, **rest, "output": list(output), "usage": USAGE if status == "completed" else None}


def message(text: str = TEXT) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}


def event(kind: str, number: int, **fields: Any) -> bytes:
    data = orjson.dumps({"type": kind, "sequence_number": number, **fields})
    return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"


def delta(text: str, number: int) -> bytes:
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
    return event("response.output_text.delta", number, delta=text, **where)


class FakeResponses:
    """Answers as `part` says."""

    def __init__(self, part: str = "good", status: int = 200) -> None:
        self.part = part
        self.status = status
        self.requests: list[dict[str, Any]] = []

    def route(self) -> web.RouteDef:
        return web.post("/v1/responses", self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(await request.json())
        if self.status != 200:
            return web.json_response({"error": {"message": "no", "code": "some_code"}}, status=self.status)
        if not self.requests[-1].get("stream"):
            output = {"good": [message()], "tool": [CALL], "empty": []}[self.part]
            return web.json_response(response(*output))
        out = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await out.prepare(request)
        await out.write(event("response.created", 0, response=response(status="in_progress")))
        for piece in self._events():
            await out.write(piece)
        if self.part == "cut":
            await asyncio.sleep(0.05)  # so that the words are on the wire before the reset
            assert request.transport is not None
            request.transport.abort()
        return out

    def _events(self) -> list[bytes]:
        end = event("response.completed", 9, response=response(message()))
        match self.part:
            case "tool":
                where = {"item_id": "fc_1", "output_index": 0}
                added = event("response.output_item.added", 1, output_index=0, item={**CALL, "arguments": ""})
                piece = event("response.function_call_arguments.delta", 2, delta="{}", **where)
                return [added, piece, event("response.completed", 3, response=response(CALL))]
            case "cut":
                return [delta("Sure, ", 1)]
            case "failed":
                return [event("response.failed", 1, response=response(status="failed"))]
            case "empty":
                return [event("response.completed", 1, response=response())]
            case _:
                return [delta("Sure, ", 1), delta("I can help.", 2), end]
