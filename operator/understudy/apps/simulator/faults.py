"""Carrying out faults over HTTP and WebSockets.

| kind          | model | transcriber | voice (HTTP) | voice (WebSocket) |
|---------------|-------|-------------|--------------|-------------------|
| hang, status, refuse, reset | before any answer, everywhere ||||
| headers-hang  | yes   | -           | yes          | -                 |
| keep-alive, role-only | yes | -     | -            | -                 |
| stall, cut    | at token | -        | at chunk     | at chunk          |
| malformed     | at token | -        | -            | at chunk          |
| no-output     | empty answer | hears nothing | no audio | no audio    |
| silent-audio  | -     | -           | yes          | yes               |
| drop          | -     | after ms    | -            | after ms          |
| error         | -     | -           | -            | `error` message   |
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
    if fault is None:
        return None
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
    if exchange.fault is None or exchange.fault.kind is not FaultKind.DROP:
        yield
        return
    task = asyncio.create_task(_drop_later(request, exchange.fault.after_ms / 1000))
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
