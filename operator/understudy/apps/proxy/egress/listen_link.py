"""A connection to a transcriber, for any codec."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from aiohttp import ClientTimeout, ClientWebSocketResponse, WSMsgType

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.parts import Egress
from understudy.base.errors import ProviderBroke, ProviderRefused
from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.speech.codec import (
    AudioFormat,
    Event,
    Failure,
    Frame,
    Post,
    Ready,
    Reply,
    TranscriberCodec,
)
from understudy.domain.speech.listen_failure import FailureKind, TranscriberFailed
from understudy.domain.speech.transcribers.registry import CODECS

MAX_SESSION_ANSWER = 65_536
"""Bytes of the answer to a request made before the socket: a URL and an id."""

SEND_BUFFER = 32_768
"""Bytes the kernel may keep for a transcriber: two seconds of audio, so that a peer that takes none shows."""

UNACKNOWLEDGED_MS = 4000
"""Milliseconds that audio may go unacknowledged by the peer's kernel before the connection counts as broken."""

STALLED_S = 2.0
"""Longest that what was written may stay with us: past it the transcriber takes no more audio."""


class Link:
    """One connection, from before it is opened to its end.

    Args:
        account: whose.
        codec: new.
        audio: what the agent sends.
        query: the agent's.
    """

    def __init__(self, account: Account, codec: TranscriberCodec, audio: AudioFormat, query: dict[str, str]) -> None:
        self.account = account
        self.codec = codec
        self.takes = codec.takes(audio)
        self.sent_at = 0.0
        """When something was sent last, on the loop's clock; before that, when it was opened."""
        self._query = query
        self._lock = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._socket: ClientWebSocketResponse[bool] | None = None
        self._stuck_since: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether messages may be sent."""
        return self._socket is not None and not self._socket.closed

    async def open(self, egress: Egress, call: Call) -> None:
        """Open it until audio may be sent.

        Raises:
            ProviderError: it cannot be opened.
        """
        with upstream.told_as(self.account.name):
            key = egress.key(call, self.account)
            post = self.codec.before(self.takes, self._query, key)
            if post is not None:
                self.codec.answered(await self._post(egress, post))
            self._socket = await upstream.open_socket(egress.session, self.codec.open(self.takes, self._query, key))
            self.sent_at = self._loop.time()
            _bound(self._socket)
            await self.send(self.codec.greet())
            if self.codec.traits.waits_for_ready:
                await self._ready()

    async def events(self) -> AsyncIterator[list[Event]]:
        """What the provider says, message by message, until it closes; its own answers are sent at once.

        Raises:
            ProviderError: it failed, or spoke another protocol.
        """
        assert self._socket is not None  # noqa: S101 - `open` comes first
        async for message in self._socket:
            if message.type is WSMsgType.ERROR:
                raise ProviderBroke(self.account.name, "the connection broke")
            yield await self._meaning(message.data)

    async def send(self, frames: list[Frame]) -> None:
        """Send `frames`, together.

        Raises:
            ConnectionError: the connection is gone; `events` tells why.
        """
        if frames and self._socket is not None:
            async with self._lock:
                await self._write(frames)

    def stalled(self, now: float) -> bool:
        """Whether the peer has taken nothing of what was written for `STALLED_S`."""
        if self._socket is None or not self._unsent():
            self._stuck_since = None
            return False
        self._stuck_since = now if self._stuck_since is None else self._stuck_since
        return now - self._stuck_since >= STALLED_S

    @property
    def close_code(self) -> int | None:
        """The provider's, once it has closed."""
        return self._socket.close_code if self._socket else None

    async def close(self) -> None:
        """Close it, if it is open."""
        if self._socket is not None:
            with contextlib.suppress(ConnectionError):
                await self._socket.close()

    def _unsent(self) -> int:
        """Bytes that the kernel has not taken."""
        connection = self._socket._response.connection if self._socket else None  # noqa: SLF001 - no public way
        transport = connection.transport if connection else None
        return transport.get_write_buffer_size() if transport else 0

    async def _write(self, frames: list[Frame]) -> None:
        assert self._socket is not None  # noqa: S101 - looked at by the caller
        self.sent_at = self._loop.time()
        for frame in frames:
            await (self._socket.send_bytes(frame) if isinstance(frame, bytes) else self._socket.send_str(frame))

    async def _meaning(self, data: Frame) -> list[Event]:
        try:
            events = self.codec.receive(data)
        except ValueError as error:
            name = self.account.name
            raise TranscriberFailed(name, FailureKind.PROTOCOL, upstream.plain(error)) from error
        for event in events:
            if isinstance(event, Reply):
                with contextlib.suppress(ConnectionError):
                    await self.send(list(event.frames))
            elif isinstance(event, Failure):
                name, transient = self.account.name, event.transient
                raise TranscriberFailed(name, FailureKind.ERROR, event.reason, transient=transient)
        return events

    async def _ready(self) -> None:
        async for events in self.events():
            if any(isinstance(event, Ready) for event in events):
                return
        raise ProviderBroke(self.account.name, f"closed the socket ({self.close_code})")

    async def _post(self, egress: Egress, post: Post) -> bytes:
        timeout = ClientTimeout(sock_connect=upstream.CONNECT_TIMEOUT_S)
        async with egress.session.post(
            post.url, data=post.body, headers=post.headers, timeout=timeout, allow_redirects=False
        ) as response:
            await upstream.refuse_errors(self.account.name, response)
            return await response.content.read(MAX_SESSION_ANSWER)


def make_link(transcriber: Transcriber, account: Account, audio: AudioFormat, query: dict[str, str]) -> Link:
    """A connection to `transcriber`, not yet opened.

    Raises:
        ProviderRefused: there is no such provider.
    """
    make = CODECS.get(transcriber.provider)
    if make is None:
        raise ProviderRefused(account.name, f"transcriber provider {transcriber.provider!r} is not built")
    return Link(account, make(transcriber, account), audio, query)


def _bound(opened: ClientWebSocketResponse[bool]) -> None:
    """Let a peer that takes nothing show soon."""
    raw = opened.get_extra_info("socket")
    if raw is None:
        return
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
