"""A network on loopback: bytes take half a round trip in either direction, and so do ends of connections.

The handshake of TCP itself is not delayed (the kernel answers it), and there is no TLS.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

ROUND_TRIP_S = 0.040
"""A provider in the same part of the world."""

ONE_WAY_S = ROUND_TRIP_S / 2

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset."""


class _Delayed:
    """Actions carried out in their order, each `ONE_WAY_S` after it was asked for."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Callable[[], None]] = deque()

    def later(self, action: Callable[[], None]) -> None:
        self._waiting.append(action)
        self._loop.call_later(ONE_WAY_S, self._next)

    def _next(self) -> None:
        """Whichever timer fires: the oldest action is due."""
        self._waiting.popleft()()


class _End(asyncio.Protocol):
    """One end of a connection through the network; what comes in goes out at the other one, later."""

    def __init__(self) -> None:
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None
        self._delayed = _Delayed()
        self._lost = False
        self._early: list[Callable[[asyncio.Transport], None]] = []
        """What came before this end was connected."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        for action in self._early:
            self.act(action)

    def data_received(self, data: bytes) -> None:
        self._pass_on(lambda transport: transport.write(data))

    def eof_received(self) -> bool:
        self._pass_on(lambda transport: transport.close())
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport, self._lost = None, True
        self._pass_on(_reset if isinstance(exc, ConnectionResetError) else lambda transport: transport.close())

    def pause_writing(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.resume_reading()

    def _pass_on(self, action: Callable[[asyncio.Transport], None]) -> None:
        other = self.other
        if other is not None:
            self._delayed.later(lambda: other.act(action))

    def act(self, action: Callable[[asyncio.Transport], None]) -> None:
        """Carry out what the other end asked for: now, or as soon as this one is connected."""
        if self.transport is not None and not self.transport.is_closing():
            action(self.transport)
        elif self.transport is None and not self._lost:
            self._early.append(action)


def _reset(transport: asyncio.Transport) -> None:
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


class _Near(_End):
    """The client's end: its first act is to connect the other one."""

    def __init__(self, port: int, tasks: set[asyncio.Task[None]]) -> None:
        super().__init__()
        self._port = port
        self._tasks = tasks
        self.other = _End()
        self.other.other = self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        task = asyncio.create_task(self._connect())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def abort(self) -> None:
        """Break both ends, if they are still there."""
        for end in (self, self.other):
            if end is not None and end.transport is not None:
                end.transport.abort()

    async def _connect(self) -> None:
        far = self.other
        assert far is not None
        await asyncio.get_running_loop().create_connection(lambda: far, "127.0.0.1", self._port)


@asynccontextmanager
async def network(port: int) -> AsyncIterator[int]:
    """A port of 127.0.0.1 behind which `port` is `ONE_WAY_S` away, until the block ends."""
    tasks: set[asyncio.Task[None]] = set()
    ends: list[_Near] = []

    def near() -> _Near:
        ends.append(_Near(port, tasks))
        return ends[-1]

    server = await asyncio.get_running_loop().create_server(near, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        for each in ends:
            each.abort()
        await asyncio.sleep(0)  # the transports say that they are lost in the loop's next round
