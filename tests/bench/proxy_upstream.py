"""The model behind every system of the `proxy` benchmark: OpenAI's API with canned answers, as fast as Python goes.

    python -m tests.bench.proxy_upstream PORT

A request is answered as JSON, or with `"stream": true` as a stream, every chunk sent by itself as models do, but at
once. With the word `paced` in it the chunks leave `GAP_S` apart, each carrying the time it was sent
(`time.monotonic_ns`, the same in every process of a machine), as a sentence of its own, so that nobody has a reason to
hold it back. asyncio's own loop, because uvloop would send the chunks of a stream together; and a timer of its own,
because an event loop's fires once a millisecond, and chunks of many streams would leave in bursts, as they never do
when every stream has a machine of its own.
"""

import asyncio
import ctypes
import heapq
import itertools
import json
import os
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import cast

CHUNKS = 20
TICK_NS = 100_000
GAP_S = 0.05
"""Between paced chunks: models send 20 to 100 a second."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TEXT = "Of course, I can book that for you. Is it for two? We have a table by the window at eight, if you like it."
_WORDS = _TEXT.split()
_FRAME = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "maitre"}


def event(delta: dict[str, str], reason: str | None = None) -> bytes:
    """One server-sent event in an HTTP chunk of its own."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return framed(b"data: " + json.dumps({**_FRAME, "choices": [choice]}).encode() + b"\n\n")


def framed(data: bytes) -> bytes:
    """`data` as an HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
FIRST = event({"role": "assistant", "content": ""})
LAST = event({}, "stop") + framed(b"data: [DONE]\n\n") + b"0\r\n\r\n"
STREAM = [HEAD, FIRST, *(event({"content": f" {_WORDS[n % len(_WORDS)]}"}) for n in range(CHUNKS)), LAST]

_ANSWER = json.dumps(
    {
        **_FRAME,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": _TEXT}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 20, "total_tokens": 40},
    }
).encode()
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(_ANSWER), _ANSWER)


def stamped() -> bytes:
    """A chunk that says when it was sent: a sentence, with letters at its ends so that no digit meets the full stop."""
    return event({"content": f" t{time.monotonic_ns()}t!"})


class Pacer:
    """Calls back at a time, to a tenth of a millisecond."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        libc = ctypes.CDLL(None, use_errno=True)
        self._timer = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK)
        every = (ctypes.c_long * 4)(0, TICK_NS, 0, TICK_NS)
        if self._timer < 0 or libc.timerfd_settime(self._timer, 0, ctypes.byref(every), None):
            raise OSError(ctypes.get_errno(), "timerfd")
        asyncio.get_running_loop().add_reader(self._timer, self._fire)

    def at(self, due: float, callback: Callable[[], None]) -> None:
        """Call `callback` at `due`, on the monotonic clock."""
        heapq.heappush(self._due, (due, next(self._count), callback))

    def _fire(self) -> None:
        os.read(self._timer, 8)
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()


class Upstream(asyncio.Protocol):
    """One connection."""

    def __init__(self, pacer: Pacer) -> None:
        self._buffer = b""
        self._pacer = pacer
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not of that class

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._buffer, 0, end + 2)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self._buffer) < whole:
                return
            request, self._buffer = self._buffer[:whole], self._buffer[whole:]
            self._answer(request[end:])

    def _answer(self, body: bytes) -> None:
        if b'"stream":true' not in body and b'"stream": true' not in body:
            self._transport.write(WHOLE)
        elif b"paced" not in body:
            for piece in STREAM:
                if not self._transport.is_closing():
                    self._transport.write(piece)
        else:
            self._transport.write(HEAD + FIRST + stamped())
            self._later(1, time.monotonic() + GAP_S)

    def _next(self, number: int, due: float) -> None:
        if self._transport.is_closing():
            return
        if number == CHUNKS:
            self._transport.write(LAST)
            return
        self._transport.write(stamped())
        self._later(number + 1, due + GAP_S)

    def _later(self, number: int, due: float) -> None:
        self._pacer.at(due, partial(self._next, number, due))


async def serve(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(partial(Upstream, Pacer()), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
