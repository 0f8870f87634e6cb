"""The calls of the `proxy` benchmark: carriers and an agent in one process, 20 ms frames both ways, no event loop.

    python -m tests.bench.proxy_calls '{"agent_port": 4000, "port": 8080, "path": "/v1/…/media", "steps": [100, 200],
        "seconds": 0.3, "windows": 9, "enough_ms": 5}'

One process and plain sockets, because two hundred thousand frames a second leave a generator 5 µs for each. Calls are
added step by step; after each step one JSON line says how late frames came. A frame carries the time it was sent; a
carrier's mask is zero, so that its text can be read where it arrives. `direct`: give the agent's own port and path.
"""

import base64
import hashlib
import json
import re
import select
import socket
import sys
import time
from typing import Any

from tests.bench.report import percentile

FRAME_S = 0.02
SLOTS = 20
"""A call sends in one of the milliseconds of a frame's time; calls are spread over them."""
SAMPLED = 8
"""Every eighth call's frames are timed."""

WARM_S = 0.5

_AUDIO = base64.b64encode(bytes((n * 37) % 256 for n in range(160)))
_STAMP = re.compile(rb'"timestamp":"(\d{18})"')
_MEDIA = b'"event":"media"'
_HEAD = b'{"event":"media","sequenceNumber":"0000","media":{"track":"inbound","chunk":"0000","timestamp":"'
_TAIL = b'","payload":"' + _AUDIO + b'"},"streamSid":"MZ00000000000000000000000000000000"}'
_SIZE = len(_HEAD) + 18 + len(_TAIL)
_FROM_CARRIER = bytes((0x81, 0x80 | 126)) + _SIZE.to_bytes(2, "big") + b"\0\0\0\0" + _HEAD
_FROM_AGENT = bytes((0x81, 126)) + _SIZE.to_bytes(2, "big") + _HEAD

_ACCEPT = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
_CAPACITY = b'{"live":0,"capacity":100000,"draining":false}'
_OPEN_S = 20.0


def text(message: dict[str, Any]) -> bytes:
    """A carrier's message as a frame."""
    data = json.dumps(message).encode()
    return bytes((0x81, 0x80 | 126)) + len(data).to_bytes(2, "big") + b"\0\0\0\0" + data


class Calls:
    """Both ends of every call."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._job = job
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._listener = socket.create_server(("127.0.0.1", job["agent_port"]), backlog=2048)
        self._listener.settimeout(0)
        self._poll.register(self._listener, select.EPOLLIN)
        self._fresh: dict[int, bytes] = {}
        """What connections to the agent that did not shake hands yet have sent."""
        self._carriers: list[socket.socket] = []
        self._agents: list[socket.socket] = []
        self._timed: set[int] = set()
        self.late_ms: list[float] = []
        self.frames = 0
        self.unsent = 0

    def open(self, count: int) -> None:
        """Have `count` calls."""
        deadline = time.monotonic() + _OPEN_S
        while len(self._carriers) < count:
            self._dial(len(self._carriers))
            while len(self._agents) < len(self._carriers):
                if time.monotonic() > deadline:
                    msg = f"{len(self._agents)} of {count} calls were put through"
                    raise RuntimeError(msg)
                self._receive(0.1)

    def run(self, seconds: float) -> float:
        """Talk for so long; how late the generator itself was at worst, in ms."""
        slot = FRAME_S / SLOTS
        began = time.monotonic()
        number, latest = 0, 0.0
        while (now := time.monotonic()) - began < seconds:
            due = began + number * slot
            if now < due:
                self._receive(due - now)
                continue
            latest = max(latest, now - due)
            self._speak(number % SLOTS)
            number += 1
            self._receive(0)
        return latest * 1000

    def forget(self) -> None:
        """Count anew."""
        self.late_ms, self.frames, self.unsent = [], 0, 0

    def _dial(self, number: int) -> None:
        line = socket.create_connection(("127.0.0.1", self._job["port"]))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.sendall(
            f"GET {self._job['path']} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        name = f"CA{number}"
        line.sendall(text({"event": "connected"}))
        line.sendall(text({"event": "start", "start": {"callSid": name, "streamSid": f"MZ{name}"}}))
        line.settimeout(0)
        self._carriers.append(line)
        self._add(line)
        if number % SAMPLED == 0:
            self._timed.add(line.fileno())

    def _add(self, line: socket.socket) -> None:
        self._sockets[line.fileno()] = line
        self._poll.register(line, select.EPOLLIN)

    def _speak(self, slot: int) -> None:
        for lines, head in ((self._carriers, _FROM_CARRIER), (self._agents, _FROM_AGENT)):
            for line in lines[slot::SLOTS]:
                try:
                    line.send(head + b"%018d" % time.monotonic_ns() + _TAIL)
                except BlockingIOError:
                    self.unsent += 1

    def _receive(self, wait_s: float) -> None:
        for number, _ in self._poll.poll(wait_s):
            if number == self._listener.fileno():
                self._accept()
                continue
            line = self._sockets[number]
            data = line.recv(65536)
            if number in self._fresh:
                self._shake(number, line, data)
            elif not data:
                raise ConnectionResetError("a call was dropped")
            else:
                self.frames += data.count(_MEDIA)
                if number in self._timed:
                    now = time.monotonic_ns()
                    self.late_ms += [(now - int(sent)) / 1e6 for sent in _STAMP.findall(data)]
                if data[0] == 0x89 or b"\x89\x00" in data[:64]:
                    line.send(bytes((0x8A, 0x80, 0, 0, 0, 0)) if line in self._carriers else bytes((0x8A, 0)))

    def _accept(self) -> None:
        line, _ = self._listener.accept()
        line.settimeout(0)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._add(line)
        self._fresh[line.fileno()] = b""

    def _shake(self, number: int, line: socket.socket, data: bytes) -> None:
        self._fresh[number] += data
        head = self._fresh[number]
        if not data:
            del self._fresh[number]
            self._poll.unregister(line)
            del self._sockets[number]
            line.close()
        elif b"\r\n\r\n" not in head:
            return
        elif head.startswith(b"GET /capacity"):
            self._fresh[number] = b""
            line.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
                len(_CAPACITY), _CAPACITY))  # fmt: skip
        else:
            del self._fresh[number]
            line.send(_ACCEPT + accept(head) + b"\r\n\r\n")
            if len(self._agents) % SAMPLED == 0:
                self._timed.add(number)
            self._agents.append(line)


def accept(head: bytes) -> bytes:
    """The answer to the key in a handshake."""
    key = re.search(rb"(?i)sec-websocket-key: *(\S+)", head)
    assert key
    return base64.b64encode(hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())  # noqa: S324


def measured(calls: Calls, count: int, seconds: float) -> dict[str, Any]:
    """One window."""
    calls.forget()
    late = calls.run(seconds)
    return {
        "calls": count,
        "p50_ms": percentile(calls.late_ms, 50),
        "p99_ms": percentile(calls.late_ms, 99),
        "delivered": calls.frames / (count * 2 * seconds / FRAME_S),
        "unsent": calls.unsent,
        "generator_late_ms": late,
    }


def main(job: dict[str, Any]) -> None:
    """Carry out a job: of each step the best of `windows`, because others share the machine."""
    calls = Calls(job)
    for count in job["steps"]:
        calls.open(count)
        calls.run(WARM_S)
        windows: list[dict[str, Any]] = []
        while len(windows) < job["windows"] and not (windows and windows[-1]["p99_ms"] < job["enough_ms"]):
            windows.append(measured(calls, count, job["seconds"]))
        print(json.dumps(min(windows, key=lambda window: window["p99_ms"])), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
