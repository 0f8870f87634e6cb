"""The port to providers, by hand: what aiohttp's client does for a request costs several times what our own part does.

One connection carries one request at a time. A connection that was used is kept for the next request to the same
host; when it turns out to be dead before a byte of an answer came, the request is sent once more on a fresh one.
"""

import asyncio
import os
import socket
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from understudy.apps.proxy.http.answer import KeptAnswer
from understudy.apps.proxy.http.connection import Connection
from understudy.apps.proxy.http.dial import Dialer
from understudy.apps.proxy.http.errors import CannotConnect, Disconnected
from understudy.apps.proxy.http.transport import Answer

KEEP_ALIVE_S = 55.0
"""Seconds an idle connection is kept: callers think for seconds, and a new TLS handshake would be paid within the
turn. Load balancers close idle connections after 60 s, and we should be first."""

WARM_CONNECT_S = 5.0
"""Longest wait for a connection that nobody waits for."""

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """A host that answers.

    Attributes:
        authority: for the `Host` header.
    """

    secure: bool
    host: str
    port: int
    authority: str


@dataclass(slots=True)
class _Kept:
    """The connections to one origin.

    Attributes:
        idle: the most recently used last.
        warming: whether one is being made in advance.
    """

    idle: deque[Connection] = field(default_factory=deque)
    warming: bool = False


class KeptTransport:
    """`Transport` over kept connections.

    Args:
        tls: for https; None: the system's authorities.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._dialer = Dialer()
        self._kept: dict[Origin, _Kept] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, connect_timeout_s: float) -> Answer:
        """See `Transport.post`."""
        origin, path = _place(url)
        request = _request(origin, path, body, headers)
        if (connection := self._take(origin)) is not None:
            try:
                return await connection.ask(request)
            except Disconnected as error:
                if error.answered:
                    raise
        connection = await self._connect(origin, connect_timeout_s)
        answer: KeptAnswer = await connection.ask(request)
        return answer

    def warm(self, url: str) -> None:
        """See `Transport.warm`."""
        origin, _ = _place(url)
        kept = self._of(origin)
        if kept.warming or any(connection.usable for connection in kept.idle):
            return
        kept.warming = True
        task = asyncio.create_task(self._warm(origin, kept))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """See `Transport.close`."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for kept in self._kept.values():
            while kept.idle:
                kept.idle.pop().abort()

    def _of(self, origin: Origin) -> _Kept:
        kept = self._kept.get(origin)
        if kept is None:
            kept = self._kept[origin] = _Kept()
        return kept

    def _take(self, origin: Origin) -> Connection | None:
        """The idle connection used last: the longer one is idle, the likelier its end is on the way."""
        kept = self._kept.get(origin)
        while kept is not None and kept.idle:
            connection = kept.idle.pop()
            if connection.usable:
                return connection
        return None

    async def _warm(self, origin: Origin, kept: _Kept) -> None:
        try:
            self._release(origin, await self._connect(origin, WARM_CONNECT_S))
        except (CannotConnect, TimeoutError):
            pass  # whoever needs it will be told
        finally:
            kept.warming = False

    async def _connect(self, origin: Origin, timeout_s: float) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_s):
                line = await self._dialer.connect(origin.host, origin.port)
                try:
                    _, connection = await loop.create_connection(
                        lambda: Connection(lambda connection: self._release(origin, connection)),
                        sock=line,
                        ssl=self._secure() if origin.secure else None,
                        server_hostname=origin.host if origin.secure else None,
                    )
                except BaseException:
                    line.close()
                    raise
        except socket.gaierror as error:
            raise CannotConnect("no address") from error
        except ssl.SSLError as error:
            raise CannotConnect("no TLS") from error
        except TimeoutError:
            raise
        except OSError as error:
            raise CannotConnect(os.strerror(error.errno) if error.errno else "no connection") from error
        return connection

    def _secure(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _release(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection for the next request."""
        if self._closed or not connection.usable:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._of(origin).idle.append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(KEEP_ALIVE_S / 2, self._drop_old, loop.time)

    def _drop_old(self, time: Callable[[], float]) -> None:
        """Close what was idle for too long; again later, as long as there is anything."""
        self._sweep = None
        oldest = time() - KEEP_ALIVE_S
        for origin, kept in list(self._kept.items()):
            while kept.idle and (kept.idle[0].idle_since < oldest or not kept.idle[0].usable):
                kept.idle.popleft().abort()
            if not kept.idle and not kept.warming:
                del self._kept[origin]
        if self._kept:
            self._sweep = asyncio.get_running_loop().call_later(KEEP_ALIVE_S / 4, self._drop_old, time)


@lru_cache(maxsize=4096)
def _place(url: str) -> tuple[Origin, str]:
    """Where `url` is, and the target of its request line.

    Raises:
        CannotConnect: not an absolute http URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise CannotConnect("not an http URL")
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    host = parts.hostname
    named = f"[{host}]" if ":" in host else host
    authority = named if port == DEFAULT_PORTS[parts.scheme] else f"{named}:{port}"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or any(ord(each) <= ord(" ") for each in target):
        raise CannotConnect("not an http URL")
    return Origin(parts.scheme == "https", host, port, authority), target


def _request(origin: Origin, target: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The bytes of a request.

    Raises:
        ValueError: a header holds a line break.
    """
    fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if fields.count("\n") != len(headers) or fields.count("\r") != len(headers):
        raise ValueError("a header holds a line break")
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {origin.authority}\r\nAccept-Encoding: identity\r\n"
        f"{fields}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body
