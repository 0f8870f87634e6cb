"""The answer on its way to the agent: one completion, whoever gave which part of it."""

from typing import Any, Protocol

import orjson

from understudy.apps.proxy.egress.parts import AgentGone
from understudy.apps.proxy.egress.reader import Reader
from understudy.apps.proxy.http.exchange import Exchange
from understudy.domain.routing.completion import LAST_EVENT, OWN_FRAME, encode, ending

STREAM_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
JSON_HEADERS = {"Content-Type": "application/json"}

TARGET_HEADER = "X-Understudy-Target"
"""Says who gave the answer, or its beginning."""


class Outlet(Protocol):
    """Takes what readers give.

    Attributes:
        said: the text that was passed on.
        answered: whether anything of an answer was, so that it cannot be begun again.
    """

    said: str
    answered: bool

    def forward(self, reader: Reader, target: str) -> bool:
        """Pass on what `reader` gives out; False: `drained` has to be awaited before the next time.

        Raises:
            AgentGone: the agent is not reading any more.
        """
        ...

    async def drained(self) -> None:
        """Wait while the agent reads too slowly.

        Raises:
            AgentGone: as `forward`.
        """
        ...

    async def end(self) -> None:
        """The answer is complete.

        Raises:
            AgentGone: as `forward`.
        """
        ...

    async def close(self) -> None:
        """The answer is complete, though its provider did not say that this was the end.

        Raises:
            AgentGone: as `forward`.
        """
        ...

    async def end_early(self) -> None:
        """Nobody can go on.

        Raises:
            AgentGone: as `forward`.
        """
        ...


class StreamOutlet:
    """A streamed answer.

    Args:
        exchange: the agent's request.

    Attributes:
        begun: whether the agent was sent anything, so that an error can be no answer any more.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.said = ""
        self.answered = False
        self.begun = False
        self._exchange = exchange
        self._owner: Reader | None = None
        """Whose chunks pass unchanged: the one that came first."""
        self._frame: dict[str, Any] = OWN_FRAME

    def forward(self, reader: Reader, target: str) -> bool:
        """See `Outlet.forward`."""
        if not self.begun:
            self._begin({TARGET_HEADER: target})
            self._owner = reader
            self._frame = reader.completion.frame or OWN_FRAME
        data, text = reader.take(None if self._owner is reader else self._frame)
        if not data:
            return True
        self.answered = True
        self.said += text
        return self._send(data, last=reader.ended and reader.error is None)

    async def drained(self) -> None:
        """See `Outlet.drained`."""
        try:
            await self._exchange.drained()
        except ConnectionError as error:
            raise AgentGone("the agent closed its request") from error

    async def bridge(self, text: str) -> None:
        """Say `text`, a sentence of its own, while the answer is awaited."""
        if self.begun:
            return
        self._begin({})
        await self._write(_first(self._frame, f"{text} "))

    async def end(self) -> None:
        """See `Outlet.end`."""
        try:
            await self._exchange.end()
        except ConnectionError as error:
            raise AgentGone("the agent closed its request") from error

    async def end_early(self) -> None:
        """See `Outlet.end_early`: the agent keeps what it has."""
        await self._write(ending(self._frame))
        await self.end()

    async def close(self) -> None:
        """See `Outlet.close`."""
        await self._write(LAST_EVENT)
        await self.end()

    async def instead(self, text: str) -> None:
        """Answer `text` where no model answers."""
        if not self.begun:
            self._begin({})
        await self._write(_first(self._frame, text) + ending(self._frame, "stop"))
        await self.end()

    def _begin(self, headers: dict[str, str]) -> None:
        self.begun = True
        self._exchange.begin(STREAM_HEADERS | headers)

    async def _write(self, data: bytes) -> None:
        self._send(data)
        await self.drained()

    def _send(self, data: bytes, *, last: bool = False) -> bool:
        try:
            return self._exchange.send(data, last=last)
        except ConnectionError as error:
            raise AgentGone("the agent closed its request") from error


class WholeOutlet:
    """An answer that is not streamed.

    Args:
        exchange: the agent's request.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.said = ""
        self.answered = False
        self._exchange = exchange
        self._body = b""
        self._target = ""
        self.begun = False

    def forward(self, reader: Reader, target: str) -> bool:
        """See `Outlet.forward`: it leaves at its end."""
        data, self.said = reader.take()
        self._body += data
        self._target = target
        self.answered = True
        return True

    async def drained(self) -> None:
        """See `Outlet.drained`: nothing was sent."""

    async def end(self) -> None:
        """See `Outlet.end`."""
        try:
            await self._exchange.answer(200, self._body, {**JSON_HEADERS, TARGET_HEADER: self._target})
        except ConnectionError as error:
            raise AgentGone("the agent closed its request") from error

    async def end_early(self) -> None:
        """Does not happen: an answer is passed on when it is complete."""
        await self.end()

    async def close(self) -> None:
        """As `end`."""
        await self.end()

    async def instead(self, text: str) -> None:
        """Answer `text` where no model answers."""
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._body = orjson.dumps({**OWN_FRAME, "object": "chat.completion", "choices": [choice]})
        await self.end()


def _first(frame: dict[str, Any], text: str) -> bytes:
    """The event that begins an answer of our own."""
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
    return encode({**frame, "choices": [choice]})
