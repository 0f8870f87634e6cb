"""The load of the `proxy` benchmark: a JSON job on the command line, a JSON result on standard output.

    python -m tests.bench.proxy_load '{"port": 8080, "path": "/v1/chat/completions", "headers": [{…}], "model": "m",
        "mode": "json" | "sse" | "paced", "connections": 64, "warm_s": 1, "seconds": 2, "windows": 3, "pids": [1234]}'

Keep-alive connections over raw protocols, so that the generator is not what is measured. Every connection uses one of
`headers` and sends its next request when the last is answered. A paced stream's chunk is measured from the moment
the upstream sent it; the first one from the moment its request was sent, so that the way there counts as well.

Machines are shared, so answers are counted for each second of processor time of `pids`, which on an idle machine is a
second; and of several windows the best counts.
"""

import asyncio
import json
import os
import re
import sys
import time
from functools import partial
from typing import Any, cast

import uvloop

from tests.bench.report import percentile
from tests.bench.turn import cpu_seconds

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STAMP = re.compile(rb"t(\d{9,})t")
_END = b"0\r\n\r\n"
RETRY_S = 0.05


class Tally:
    """What all connections saw while `counting`."""

    def __init__(self) -> None:
        self.counting = False
        self.answers = 0
        self.errors = 0
        self.late_ms: list[float] = []


class Connection(asyncio.Protocol):
    """One keep-alive connection that asks again and again."""

    def __init__(self, request: bytes, tally: Tally, *, paced: bool, delay_s: float) -> None:
        self._request = request
        self._tally = tally
        self._paced = paced
        self._delay_s = delay_s
        self._transport: asyncio.Transport
        self._asked_ns = 0
        self._fresh()

    def _fresh(self) -> None:
        self._head = b""
        self._left: int | None = None
        self._in_body = False
        self._first = True
        self._tail = b""
        self._done = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not of that class
        asyncio.get_running_loop().call_later(self._delay_s, self._ask)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's shape
        self._tally.errors += self._tally.counting

    def _ask(self) -> None:
        self._fresh()
        self._asked_ns = time.monotonic_ns()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._in_body:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            data = self._head[end + 4 :]
            self._start(self._head[: end + 2])
        if self._paced:
            self._measure(data)
        if self._left is not None:
            self._left -= len(data)
            over = self._left <= 0
        else:
            self._tail = (self._tail + data)[-64:]
            over = self._tail.endswith(_END)
            self._done = self._done or b"[DONE]" in self._tail
        if over:
            self._over()

    def _start(self, head: bytes) -> None:
        self._in_body = True
        length = _LENGTH.search(head)
        self._left = int(length[1]) if length else None
        self._good = head.startswith(b"HTTP/1.1 200")

    def _measure(self, data: bytes) -> None:
        now = time.monotonic_ns()
        for found in _STAMP.finditer(data):
            sent = self._asked_ns if self._first else int(found[1])
            self._first = False
            if self._tally.counting:
                self._tally.late_ms.append((now - sent) / 1e6)

    def _over(self) -> None:
        if self._tally.counting:
            good = self._good and (self._left is not None or self._done)
            self._tally.answers += good
            self._tally.errors += not good
        if self._good:
            self._ask()
        else:
            asyncio.get_running_loop().call_later(RETRY_S, self._ask)


def request(job: dict[str, Any], headers: dict[str, str]) -> bytes:
    """The bytes of one request."""
    word = "paced" if job["mode"] == "paced" else "once"
    messages = [
        {"role": "user", "content": "Good evening. Do you have a table for two tonight, by the window if possible?"},
        {"role": "assistant", "content": "We have one at eight. Shall I book it for you?"},
        {"role": "user", "content": f"Yes please, {word}."},
    ]
    asked: dict[str, Any] = {"model": job["model"], "messages": messages}
    if job["mode"] != "json":
        asked["stream"] = True
    body = json.dumps(asked).encode()
    lines = {
        "Host": f"127.0.0.1:{job['port']}",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Content-Length": str(len(body)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {job['path']} HTTP/1.1\r\n{head}\r\n".encode() + body


async def run(job: dict[str, Any]) -> dict[str, Any]:
    """Carry out a job."""
    loop = asyncio.get_running_loop()
    tally = Tally()
    paced = job["mode"] == "paced"
    for number in range(job["connections"]):
        asked = request(job, job["headers"][number % len(job["headers"])])
        # Spread over a second, or every stream's chunks would leave at the same instant.
        delay = number / job["connections"] if paced else 0.0
        made = partial(Connection, asked, tally, paced=paced, delay_s=delay)
        await loop.create_connection(made, "127.0.0.1", job["port"])
    await asyncio.sleep(job["warm_s"])
    windows = [await window(tally, job) for _ in range(job["windows"])]
    if paced:
        return min(windows, key=lambda each: (each["p99_ms"] is None, each["p99_ms"]))
    return max(windows, key=lambda each: each["rps"])


async def window(tally: Tally, job: dict[str, Any]) -> dict[str, Any]:
    """What happened in some seconds."""
    tally.answers, tally.errors, tally.late_ms = 0, 0, []
    tally.counting = True
    began, busy = time.monotonic(), used(job["pids"])
    await asyncio.sleep(job["seconds"])
    elapsed, busy = time.monotonic() - began, used(job["pids"]) - busy
    tally.counting = False
    return {
        "rps": tally.answers / max(busy, 0.01),
        "wall_rps": tally.answers / elapsed,
        "busy": busy / elapsed,
        "errors": tally.errors,
        "chunks": len(tally.late_ms),
        "p50_ms": percentile(tally.late_ms, 50),
        "p99_ms": percentile(tally.late_ms, 99),
    }


def used(pids: list[int]) -> float:
    """Processor time of the processes; 0 stands for this one."""
    return sum(cpu_seconds(pid or os.getpid()) for pid in pids)


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(json.loads(sys.argv[1])))))
