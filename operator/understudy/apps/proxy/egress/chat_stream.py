"""One streamed completion on its way to the agent: bytes pass as they came, parsed only to know what they mean."""

import asyncio
from collections.abc import Callable

from aiohttp import ClientError, ClientResponse, web

from understudy.apps.proxy.egress.parts import AgentGone
from understudy.domain.routing.clauses import FirstClause
from understudy.domain.routing.completion import Completion, NoAnswer, Progress
from understudy.domain.routing.sse import Event, SseDecoder

STREAM_IDLE_S = 10.0
"""Longest silence within an answer: models stream many times a second; an agent has fallen silent long before."""

DRAIN_S = 0.2
"""Longest wait for the end of a body after its last event, so that the connection can be used again."""

_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}


class StreamRelay:
    """Forwards one provider's stream.

    Args:
        request: the agent's.
        target: the target's name, for the response header that says who answered.
        on_clause: called once, when the first speakable clause or another useful output is there.
    """

    def __init__(self, request: web.Request, target: str, on_clause: Callable[[], None]) -> None:
        self.completion = Completion()
        self.started = False
        """Whether output has been forwarded: from then on nothing may be repeated."""
        self.response = web.StreamResponse(headers={**_HEADERS, "X-Understudy-Target": target})
        self._request = request
        self._on_clause = on_clause
        self._decoder = SseDecoder()
        self._clause = FirstClause()
        self._held: list[bytes] = []
        self._ended = False

    async def run(self, upstream: ClientResponse, limit: asyncio.Timeout) -> None:
        """Forward `upstream` to its end; `limit` is the deadline, moved on with each piece after the first useful one.

        Raises:
            NoAnswer: it ended early, or without anything useful.
            Malformed, EventTooLong: it is not a stream of completions.
            AgentGone: the agent is not reading any more.
        """
        loop = asyncio.get_running_loop()
        async for data in upstream.content.iter_any():
            await self._take(data)
            if self._ended:
                break
            if self.completion.useful:
                limit.reschedule(loop.time() + STREAM_IDLE_S)
        await self._finish()
        await _drain(upstream)

    async def end_early(self) -> None:
        """Give the agent a proper end after a break; half a tool call is not passed on."""
        await self._write(self.completion.ending())
        await self._end()

    async def _take(self, data: bytes) -> None:
        try:
            for event in self._decoder.decode(data):
                self._event(event)
        finally:
            if self._held and self.completion.useful and (self._ended or not self.completion.calling):
                held, self._held = self._held, []
                await self._write(b"".join(held))

    def _event(self, event: Event) -> None:
        self._ended = self.completion.event(event.data) is Progress.DONE
        self._held.append(event.raw)
        if self._clause.complete:
            return
        if self.completion.latest:
            complete = self._clause.feed(self.completion.latest)
        else:
            complete = (self._ended or self.completion.finish_reason is not None) and self._clause.finish()
        if complete or self.completion.calling:
            self._clause.complete = True
            self._on_clause()

    async def _finish(self) -> None:
        if not self.completion.useful:
            raise NoAnswer("the answer is empty")
        if not self._ended and self.completion.finish_reason is None:
            raise NoAnswer("the stream ended early")
        if not self._ended:
            await self._write(b"".join(self._held) + self.completion.ending())
        await self._end()

    async def _write(self, data: bytes) -> None:
        try:
            if not self.started:
                await self.response.prepare(self._request)
                self.started = True
            await self.response.write(data)
        except ConnectionError as error:
            raise AgentGone("the agent closed its request") from error

    async def _end(self) -> None:
        try:
            await self.response.write_eof()
        except ConnectionError as error:
            raise AgentGone("the agent closed its request") from error


async def _drain(upstream: ClientResponse) -> None:
    if upstream.content.at_eof():
        return
    try:
        async with asyncio.timeout(DRAIN_S):
            await upstream.content.read()
    except (TimeoutError, ClientError):
        return
