"""The door that agents' connections come through: the hot requests are served here, all others by aiohttp.

A connection begins here and stays as long as its requests are ordinary ones for a hot route. With the first other one
it is handed to aiohttp's server, bytes and all, and never comes back. So this has to know only the requests that are
many, and is wrong about none: whatever it does not understand is somebody else's.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from aiohttp import web

from understudy.apps.proxy.http import handshake
from understudy.apps.proxy.http.request import MAX_HEAD, RequestHead, parse
from understudy.apps.proxy.http.routes import HotRoute, HotSocket, Serve
from understudy.apps.proxy.http.served import REASONS, ServedExchange
from understudy.apps.proxy.http.websocket import WebSocket

log = logging.getLogger(__name__)

IDLE_S = 75.0
"""Seconds a connection may be silent, or take for one request's bytes. Longer than any SDK keeps one by itself."""

SWEEP_S = 15.0
"""Seconds between looks at silent connections: one timer for all costs less than one for each request."""

WRITE_HIGH = 64 * 1024
"""Bytes held for an agent before its answer waits; a whole spoken answer is a few kilobytes."""

PIPELINED = 64 * 1024
"""Bytes of further requests held while one is served; then the socket is left to fill up."""


class Front:
    """Every connection of one port.

    Args:
        routes: those that are not hot are not looked at.
        others: makes the protocol that serves everything else.
    """

    def __init__(self, routes: Iterable[web.AbstractRouteDef], others: Callable[[], asyncio.Protocol]) -> None:
        routes = list(routes)
        self.hot = {f"POST {route.path} HTTP/1.1": route.serve for route in routes if isinstance(route, HotRoute)}
        self.sockets = [route for route in routes if isinstance(route, HotSocket)]
        self.others = others
        self.doors: set[Door] = set()
        self._carried: dict[asyncio.Task[None], WebSocket] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def door(self) -> asyncio.Protocol:
        """The protocol of a new connection."""
        return Door(self)

    def start(self) -> None:
        """Begin to look for silent connections."""
        self._sweep = asyncio.get_running_loop().call_later(SWEEP_S, self._drop_silent)

    async def stop(self) -> None:
        """End every connection that is still here."""
        if self._sweep is not None:
            self._sweep.cancel()
        tasks = [door.task for door in self.doors if door.task is not None]
        for door in list(self.doors):
            door.abort()
        for task in self._carried:
            task.cancel()
        await asyncio.gather(*tasks, *self._carried, return_exceptions=True)

    def carry(self, route: HotSocket, end: WebSocket, parameters: Mapping[str, str]) -> None:
        """Use `end` until its end."""
        task = asyncio.create_task(_carry(route, end, parameters))
        self._carried[task] = end
        task.add_done_callback(self._put_down)

    def _put_down(self, task: asyncio.Task[None]) -> None:
        self._carried.pop(task).abort()

    def _drop_silent(self) -> None:
        now = asyncio.get_running_loop().time()
        for door in list(self.doors):
            if door.task is None and now - door.since > IDLE_S:
                door.abort()
        self.start()


class Door(asyncio.Protocol):
    """One connection, until it is handed over.

    Attributes:
        since: when its last request ended.
        task: what serves the present request; None between two.
    """

    def __init__(self, front: Front) -> None:
        self.task: asyncio.Task[None] | None = None
        self._front = front
        self._loop = asyncio.get_running_loop()
        self.since = self._loop.time()
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._head: RequestHead | None = None
        """The request whose body is still to come, `_length` bytes of it."""
        self._length = 0
        self._exchange: ServedExchange | None = None
        self._gone = False
        self._writable: asyncio.Future[None] | None = None
        self._held = False
        """Whether the socket is left to fill up."""

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    def send(self, data: bytes) -> None:
        """See `Line.send`."""
        if self._gone or self._transport.is_closing():
            raise ConnectionResetError("the agent is gone")
        self._transport.write(data)

    @property
    def full(self) -> bool:
        """See `Line.full`."""
        return self._writable is not None

    async def drained(self) -> None:
        """See `Line.drained`."""
        if self._writable is not None:
            await asyncio.shield(self._writable)
        if self._gone:
            raise ConnectionResetError("the agent is gone")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not of that class
        self._transport.set_write_buffer_limits(high=WRITE_HIGH)
        self._front.doors.add(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if not self._buffer:
            self.since = self._loop.time()
        self._buffer += data
        if self.task is None:
            self._next()
        elif len(self._buffer) > PIPELINED and not self._held:
            self._held = True
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the port's shape
        """See `asyncio.Protocol`."""
        self._gone = True
        self._front.doors.discard(self)
        self.resume_writing()
        if self._exchange is not None:
            self._exchange.gone()

    def _next(self) -> None:
        """Serve the next request, as soon as all of it is there."""
        if self._head is None and not self._read_head():
            return
        head = self._head
        if head is None or len(self._buffer) < self._length:
            return
        body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        self._head = None
        self._exchange = ServedExchange(self, head.headers, body)
        self.task = self._loop.create_task(self._serve(self._front.hot[head.line], self._exchange))

    def _read_head(self) -> bool:
        """Whether there is a head for us; what is not for us is handed over."""
        end = self._buffer.find(b"\r\n\r\n", 0, MAX_HEAD)
        if end < 0:
            if not self._may_be_hot():
                self._hand_over()
            return False
        head = parse(bytes(self._buffer[:end]))
        length = head.length if head is not None and head.line in self._front.hot else None
        if head is None or length is None:
            if head is None or not self._upgrade(head, end + 4):
                self._hand_over()
            return False
        del self._buffer[: end + 4]
        self._head, self._length = head, length
        return True

    def _upgrade(self, head: RequestHead, end: int) -> bool:
        """Make this a WebSocket, if that is what was asked for; `end`: of the head."""
        for route in self._front.sockets:
            if (parameters := route.match(head.line)) is not None and (answer := handshake.accepts(head.headers)):
                break
        else:
            return False
        self._front.doors.discard(self)
        if status := route.admit(parameters):
            self._transport.write(_refusal(status))
            self._transport.close()
            return True
        made = route.make()
        self._transport.set_protocol(made)
        made.connection_made(self._transport)
        handshake.tune(self._transport)
        self._transport.write(answer)
        self._front.carry(route, made, parameters)
        if rest := bytes(self._buffer[end:]):
            made.data_received(rest)
        return True

    def _may_be_hot(self) -> bool:
        """Whether the beginning of a head can still become one for us."""
        beginning = bytes(self._buffer[:4])
        return len(self._buffer) < MAX_HEAD and (b"POST".startswith(beginning) or b"GET ".startswith(beginning))

    def _hand_over(self) -> None:
        """Let aiohttp have the connection, with everything that was not answered."""
        self._front.doors.discard(self)
        other = self._front.others()
        self._transport.set_protocol(other)
        other.connection_made(self._transport)
        if self._buffer:
            other.data_received(bytes(self._buffer))

    async def _serve(self, serve: Serve, exchange: ServedExchange) -> None:
        try:
            await serve(exchange)
            if not exchange.answered:
                await exchange.answer(503, b"", {})
        except ConnectionError:
            pass  # nobody is left to be told
        except Exception:
            log.exception("a request failed")
            if not exchange.answered and not self._gone:
                await exchange.answer(500, b"", {})
        finally:
            self._done(exchange)

    def _done(self, exchange: ServedExchange) -> None:
        self.task = self._exchange = None
        self.since = self._loop.time()
        if not exchange.complete:
            self.abort()  # cut short: only the end of the connection says so
        elif not self._gone:
            if self._held:
                self._held = False
                self._transport.resume_reading()
            if self._buffer:
                self._loop.call_soon(self._next_if_idle)

    def _next_if_idle(self) -> None:
        if self.task is None and not self._gone:
            self._next()


async def _carry(route: HotSocket, end: WebSocket, parameters: Mapping[str, str]) -> None:
    try:
        await route.carry(end, parameters)
    except Exception:
        log.exception("a WebSocket failed")


def _refusal(status: int) -> bytes:
    """An answer without a word, and the end of the connection."""
    return f"HTTP/1.1 {status} {REASONS.get(status, '')}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
