"""`POST /v1/chat/completions` and `GET /v1/models`, as OpenAI answers them."""

import json
from typing import Any

from aiohttp import web

from understudy.apps.simulator import faults
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.model.chunks import Completion
from understudy.apps.simulator.model.reply import reply
from understudy.apps.simulator.script import FaultKind, ModelSettings
from understudy.base.clock import Clock

KEEP_ALIVE_MS = 1000
"""Between two comments of a stream that only pretends to be alive."""

_BROKEN_EVENT = (
    b'data: {"id":"chatcmpl-broken","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"con\n\n'
)


def refused(status: int, message: str, code: str | None = None) -> web.Response:
    """An error in OpenAI's shape."""
    kinds = {401: "invalid_request_error", 404: "invalid_request_error", 429: "rate_limit_error"}
    error = {"message": message, "type": kinds.get(status, "server_error"), "param": None, "code": code}
    return web.json_response({"error": error}, status=status)


class ModelHandler:
    """Serves the models of every deployment."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def models(self, _request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """The list of models."""
        listed = [
            {"id": name, "object": "model", "created": 0, "owned_by": "simulator"}
            for name in deployment.settings.models
        ]
        return web.json_response({"object": "list", "data": listed})

    async def completions(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One chat completion."""
        try:
            body = await request.json()
            name, messages = str(body["model"]), body["messages"]
        except (ValueError, KeyError, TypeError):
            return refused(400, "the body must be JSON with model and messages")
        with deployment.exchange(name) as exchange:
            failed = await faults.before_answer(request, exchange, refused)
            if failed is not None:
                return failed
            settings = deployment.settings.models.get(name)
            if settings is None:
                return refused(404, f"The model `{name}` does not exist", "model_not_found")
            said = reply(messages, body.get("tools") or [], settings.persona, exchange.draw)
            deployment.dialogues.append([*messages, {"role": "assistant", "content": said.text, "model": name}])
            completion = self._completion(deployment, exchange, name, messages, said)
            answer = _Answer(request, exchange, settings, completion)
            usage = bool((body.get("stream_options") or {}).get("include_usage"))
            return await (answer.stream(include_usage=usage) if body.get("stream") else answer.whole())

    def _completion(
        self, deployment: Deployment, exchange: Exchange, name: str, messages: Any, said: Any
    ) -> Completion:
        return Completion(
            id=f"chatcmpl-{deployment.name}-{exchange.index}",
            model=name,
            created=int(self._clock.now()),
            reply=said,
            prompt_characters=len(json.dumps(messages)),
        )


class _Answer:
    """One completion on its way to the client."""

    def __init__(
        self, request: web.Request, exchange: Exchange, settings: ModelSettings, completion: Completion
    ) -> None:
        self._request = request
        self._exchange = exchange
        self._settings = settings
        self._completion = completion
        self._pieces = [] if exchange.has(FaultKind.NO_OUTPUT) else completion.pieces()

    async def whole(self) -> web.StreamResponse:
        if self._exchange.has(FaultKind.HEADERS_HANG, FaultKind.KEEP_ALIVE, FaultKind.ROLE_ONLY, FaultKind.STALL):
            await web.StreamResponse().prepare(self._request)
            await faults.hang()
        await self._wait(len(self._pieces))
        if self._exchange.has(FaultKind.CUT):
            faults.cut(self._request)
        if self._exchange.has(FaultKind.MALFORMED):
            return web.Response(body=b'{"id":"chatcmpl-broken","choi', content_type="application/json")
        return web.json_response(self._completion.whole())

    async def stream(self, *, include_usage: bool) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        out = web.StreamResponse(headers=headers)
        await self._begin(out)
        for sent, piece in enumerate(self._pieces):
            await self._misbehave(out, sent)
            await out.write(self._completion.chunk(piece))
            await faults.pause(self._settings.token_ms)
        await self._misbehave(out, len(self._pieces))
        await out.write(self._completion.chunk({}, self._completion.finish_reason))
        if include_usage:
            await out.write(self._completion.usage_chunk())
        await out.write(b"data: [DONE]\n\n")
        await out.write_eof()
        return out

    async def _begin(self, out: web.StreamResponse) -> None:
        """Up to and including the chunk that only says who speaks."""
        if self._exchange.has(FaultKind.HEADERS_HANG, FaultKind.KEEP_ALIVE):
            await out.prepare(self._request)
            await self._pretend(out)
        await self._wait(0)
        await out.prepare(self._request)
        await out.write(self._completion.chunk({"role": "assistant", "content": "", "refusal": None}))
        if self._exchange.has(FaultKind.ROLE_ONLY):
            await faults.hang()

    async def _pretend(self, out: web.StreamResponse) -> None:
        while self._exchange.has(FaultKind.KEEP_ALIVE):
            await out.write(b": keep-alive\n\n")
            await faults.pause(KEEP_ALIVE_MS)
        await faults.hang()

    async def _misbehave(self, out: web.StreamResponse, sent: int) -> None:
        if self._exchange.strikes(FaultKind.STALL, sent):
            await faults.hang()
        if self._exchange.strikes(FaultKind.CUT, sent):
            faults.cut(self._request)
        if self._exchange.strikes(FaultKind.MALFORMED, sent):
            await out.write(_BROKEN_EVENT)

    async def _wait(self, tokens: int) -> None:
        jitter = self._exchange.draw.uniform(0, self._settings.jitter_ms)
        await faults.pause(self._settings.first_ms + jitter + tokens * self._settings.token_ms)
