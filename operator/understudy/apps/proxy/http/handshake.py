"""The opening handshake of a WebSocket, both ends. Source: RFC 6455, 4."""

import asyncio
import base64
import hashlib
import re
import secrets
import socket
from collections.abc import Mapping

from understudy.apps.proxy.http import head
from understudy.apps.proxy.http.errors import Disconnected, NotHttp
from understudy.apps.proxy.http.websocket import WebSocket

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SWITCHING = 101
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")

SEND_BUFFER = 16 * 1024
"""Bytes the kernel holds for a peer (it doubles the number): 1.5 s of speech. The default would hide minutes."""

USER_TIMEOUT_MS = 10_000
"""Longest time sent bytes may stay unacknowledged: TCP's own patience is a quarter of an hour."""


class Refused(ConnectionError):
    """The server did not open a WebSocket.

    Attributes:
        status: its HTTP status.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"answered {status}")
        self.status = status


def accepts(headers: Mapping[str, str]) -> bytes | None:
    """The answer to a client's handshake; None when it is none. Extensions and subprotocols are not accepted."""
    key = headers.get("sec-websocket-key", "")
    asked = "upgrade" in headers.get("connection", "").lower() and headers.get("upgrade", "").lower() == "websocket"
    if not asked or headers.get("sec-websocket-version") != "13" or not _KEY.fullmatch(key):
        return None
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n\r\n" % _accept(key.encode())
    )


async def connect(address: str, path: str, made: WebSocket) -> None:
    """Open `made` to `ws://{address}{path}`; who waits sets the time.

    Raises:
        Refused: the server answered with another status.
        Disconnected, NotHttp: it gave no answer, or none to this.
        OSError: no connection.
    """
    host, _, port = address.rpartition(":")
    key = base64.b64encode(secrets.token_bytes(16))
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key.decode()}\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    transport, opening = await loop.create_connection(lambda: _Opening(loop, key, made), host.strip("[]"), int(port))
    try:
        tune(transport)
        transport.write(request)
        await opening.opened
    except BaseException:
        transport.abort()
        raise


def tune(transport: asyncio.WriteTransport) -> None:
    """Keep audio out of deep buffers, where it would grow old unseen. TCP_NODELAY is the loops' default."""
    if (sock := transport.get_extra_info("socket")) is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)


class _Opening(asyncio.Protocol):
    """A connection until the server has switched."""

    def __init__(self, loop: asyncio.AbstractEventLoop, key: bytes, made: WebSocket) -> None:
        self.opened: asyncio.Future[None] = loop.create_future()
        self._key = key
        self._made = made
        self._buffer = b""
        self._transport: asyncio.BaseTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if self.opened.done() or (end < 0 and len(self._buffer) < head.MAX_HEAD):
            return
        try:
            self._switch(self._buffer[: max(end, 0)])
        except (NotHttp, Refused) as error:
            self.opened.set_exception(error)
            return
        self._transport.set_protocol(self._made)
        self._made.connection_made(self._transport)
        self.opened.set_result(None)
        if rest := self._buffer[end + 4 :]:
            self._made.data_received(rest)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's shape
        """See `asyncio.Protocol`."""
        if not self.opened.done():
            self.opened.set_exception(Disconnected("before the handshake", answered=bool(self._buffer)))

    def _switch(self, raw: bytes) -> None:
        answer = head.parse(raw)
        if answer.status != _SWITCHING:
            raise Refused(answer.status)
        if answer.headers.get("sec-websocket-accept", "").encode() != _accept(self._key):
            raise NotHttp("a handshake for somebody else")


def _accept(key: bytes) -> bytes:
    return base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest())
