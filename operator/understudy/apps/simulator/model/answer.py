"""One completion on its way to the client, with whatever goes wrong with it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aiohttp import web

from understudy.apps.simulator import faults
from understudy.apps.simulator.deployment import Exchange
from understudy.apps.simulator.model.chunks import Completion
from understudy.apps.simulator.script import FaultKind, ModelSettings

KEEP_ALIVE_MS = 1000
"""Between two comments of a stream that only pretends to be alive."""

_BROKEN_EVENT = (
    b'data: {"id":"chatcmpl-broken","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"con\n\n'
)


@dataclass(frozen=True)
class Answer:
    """One completion to be sent.

    Attributes:
        wait_ms: to its first token.
        headers: sent besides the usual ones.
        azure: in Azure OpenAI's dialect.
    """

    request: web.Request
    exchange: Exchange
    settings: ModelSettings
    completion: Completion
    wait_ms: float
    headers: dict[str, str]
    azure: bool = False

    async def send(self, body: dict[str, Any]) -> web.StreamResponse:
        """As the request's body asks."""
        if not body.get("stream"):
            return await self._whole()
        return await self._stream(include_usage=bool((body.get("stream_options") or {}).get("include_usage")))

    @cached_property
    def _pieces(self) -> list[dict[str, Any]]:
        return [] if self.exchange.has(FaultKind.NO_OUTPUT) else self.completion.pieces()

    async def _whole(self) -> web.StreamResponse:
        if self.exchange.has(FaultKind.HEADERS_HANG, FaultKind.KEEP_ALIVE, FaultKind.ROLE_ONLY, FaultKind.STALL):
            await web.StreamResponse().prepare(self.request)
            await faults.hang()
        await faults.pause(self.wait_ms + len(self._pieces) * self.settings.token_ms)
        if self.exchange.has(FaultKind.CUT):
            faults.cut(self.request)
        if self.exchange.has(FaultKind.MALFORMED):
            return web.Response(body=b'{"id":"chatcmpl-broken","choi', content_type="application/json")
        return web.json_response(self.completion.whole(), headers=self.headers)

    async def _stream(self, *, include_usage: bool) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache", **self.headers}
        out = web.StreamResponse(headers=headers)
        await self._begin(out)
        for sent, piece in enumerate(self._pieces):
            await self._misbehave(out, sent)
            await out.write(self.completion.chunk(piece))
            await faults.pause(self.settings.token_ms)
        await self._misbehave(out, len(self._pieces))
        await out.write(self.completion.chunk({}, self.completion.finish_reason))
        if include_usage:
            await out.write(self.completion.usage_chunk())
        await out.write(b"data: [DONE]\n\n")
        await out.write_eof()
        return out

    async def _begin(self, out: web.StreamResponse) -> None:
        """Up to and including the chunk that only says who speaks."""
        if self.exchange.has(FaultKind.HEADERS_HANG, FaultKind.KEEP_ALIVE):
            await out.prepare(self.request)
            await self._pretend(out)
        await faults.pause(self.wait_ms)
        await out.prepare(self.request)
        if self.azure:
            await out.write(self.completion.filter_chunk())
        await out.write(self.completion.chunk({"role": "assistant", "content": "", "refusal": None}))
        if self.exchange.has(FaultKind.ROLE_ONLY):
            await faults.hang()

    async def _pretend(self, out: web.StreamResponse) -> None:
        while self.exchange.has(FaultKind.KEEP_ALIVE):
            await out.write(b": keep-alive\n\n")
            await faults.pause(KEEP_ALIVE_MS)
        await faults.hang()

    async def _misbehave(self, out: web.StreamResponse, sent: int) -> None:
        if self.exchange.strikes(FaultKind.STALL, sent):
            await faults.hang()
        if self.exchange.strikes(FaultKind.CUT, sent):
            faults.cut(self.request)
        if self.exchange.strikes(FaultKind.MALFORMED, sent):
            await out.write(_BROKEN_EVENT)
