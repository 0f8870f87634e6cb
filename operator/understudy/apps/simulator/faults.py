"""Carrying out faults over HTTP and WebSockets; those within a stream are in `streaming.py`.

| kind          | model | transcriber | voice |
|---------------|-------|-------------|-------|
| hang, status, refuse, reset | before any answer, everywhere |||
| headers-hang  | yes   | -           | over HTTP |
| keep-alive, role-only | yes | -     | -     |
| stall         | at token | -        | at chunk |
| cut           | at token | at ms    | at chunk |
| malformed     | at token | at ms    | at chunk, over WebSockets |
| no-output     | empty answer | deaf and mute from ms on | no audio and no end |
| empty         | -     | hears silence from ms on, and answers accordingly | - |
| stuck         | -     | stops reading at ms | - |
| silent-audio  | -     | -           | from chunk on |
| truncate      | -     | -           | ends at chunk, as though complete |
| drop          | -     | at ms of audio, or after ms | after ms |
| close         | -     | at ms, with a code | at chunk, with a code |
| error         | -     | the provider's message at ms | the provider's message at chunk |
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from understudy.apps.simulator.deployment import Exchange
from understudy.apps.simulator.script import FaultKind

HANG_S = 600.0
"""Longest hang: what the OpenAI SDK waits by default; no client of ours waits longer."""


STUCK_S = 60.0
"""How long a transcriber does not read: nobody waits longer for it, and the connection's end is not seen meanwhile."""

BEFORE_ANSWER = frozenset({FaultKind.HANG, FaultKind.REFUSE, FaultKind.RESET, FaultKind.STATUS})
"""What happens instead of any answer."""


async def hang() -> None:
    """Answer nothing, until the client goes away."""
    await asyncio.sleep(HANG_S)


def cut(request: web.Request) -> None:
    """Break the connection without a goodbye.

    Raises:
        ConnectionResetError: the client is gone already.
    """
    if request.transport is None:
        raise ConnectionResetError("the client is gone")
    request.transport.abort()


async def stop_reading(request: web.Request) -> None:
    """Take in nothing more, so that the client's writes stall in the end; say nothing; then break the connection.

    Raises:
        ConnectionResetError: always, in the end.
    """
    if request.transport is not None:
        request.protocol.pause_reading()
        await asyncio.sleep(STUCK_S)
        request.transport.abort()
    raise ConnectionResetError("stuck, by the script")


def reset(request: web.Request) -> None:
    """Send the beginning of the headers, then reset the connection (RST rather than FIN).

    Raises:
        ConnectionResetError: the client is gone already.
    """
    if request.transport is None:
        raise ConnectionResetError("the client is gone")
    request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/ev")
    linger = struct.pack("ii", 1, 0)  # close at once, without waiting for what is unsent
    request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    request.transport.abort()


async def before_answer(
    request: web.Request, exchange: Exchange, refused: Callable[[int, str], web.Response]
) -> web.StreamResponse | None:
    """Carry out the faults that come before any answer; None when the request goes on.

    `refused` builds the provider's own error from a status and a message.
    """
    fault = exchange.fault
    exchange.watch.asked(exchange.index)
    if fault is None:
        return None
    if fault.kind in BEFORE_ANSWER:
        exchange.watch.struck(exchange.index, fault.kind.value)
    if fault.kind is FaultKind.HANG:
        await hang()
    if fault.kind in (FaultKind.REFUSE, FaultKind.RESET):
        (cut if fault.kind is FaultKind.REFUSE else reset)(request)
        return web.Response()
    if fault.kind is not FaultKind.STATUS:
        return None
    response = refused(fault.status, "refused by the script")
    if fault.retry_after_s is not None:
        response.headers["Retry-After"] = str(fault.retry_after_s)
    if fault.retry_after_ms is not None:
        response.headers["retry-after-ms"] = str(fault.retry_after_ms)
    return response


@asynccontextmanager
async def dropping(request: web.Request, exchange: Exchange) -> AsyncIterator[None]:
    """Break the connection in the time that the script gives it; does nothing without such a fault."""
    fault = exchange.fault
    if fault is None or fault.kind is not FaultKind.DROP or fault.at_ms is not None:
        yield
        return
    task = asyncio.create_task(_drop_later(request, fault.after_ms / 1000))
    try:
        yield
    finally:
        task.cancel()


async def _drop_later(request: web.Request, seconds: float) -> None:
    await asyncio.sleep(seconds)
    cut(request)


async def pause(milliseconds: float) -> None:
    """Wait, unless there is nothing to wait for."""
    if milliseconds > 0:
        await asyncio.sleep(milliseconds / 1000)
