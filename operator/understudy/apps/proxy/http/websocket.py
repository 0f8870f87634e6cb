"""One end of a WebSocket, for streams of small messages: frames can be passed on as they came, without a queue.

Passing on is where a relay's time goes, so a listener gets every message in the very callback of the transport, with
the bytes of its frame. Between a carrier and an agent they fit as they are: carrier → proxy and proxy → agent are both
client → server and masked, and on the way back neither is.
"""

import asyncio
from collections import deque
from typing import Protocol, cast

from understudy.apps.proxy.http import frames
from understudy.apps.proxy.http.frames import FrameDecoder, FrameError

CLOSE_S = 1.0
"""Longest wait for the other half of the closing handshake: nobody listens any more."""

_ORDINARY = frames.FIN | frames.TEXT


class Listener(Protocol):
    """Takes what comes."""

    def message(self, payload: bytes, raw: bytes) -> None:
        """A text message; `raw` is a frame that holds it, for a peer of the same role."""
        ...

    def full(self, *, full: bool) -> None:
        """The peer takes too little, and what is sent now is held in memory; or it has caught up."""
        ...

    def closed(self) -> None:
        """There will be no more; see `close_code`."""
        ...


class WebSocket(asyncio.Protocol):
    """One end, from the handshake on.

    Args:
        client: whether this end is the client, which masks what it sends.
        longest: bytes of a message.
        heartbeat_s: seconds between pings; a peer that sends nothing at all for 1.5 of them is gone.
        write_high: bytes held for the peer from which on it is `full`.

    Attributes:
        close_code: the peer's; 1006 for a connection that just ended; None while it is open.
    """

    def __init__(self, *, client: bool, longest: int, heartbeat_s: float, write_high: int) -> None:
        self.close_code: int | None = None
        self._client = client
        self._heartbeat_s = heartbeat_s
        self._write_high = write_high
        self._longest = longest
        self._decoder = FrameDecoder(masked=not client, longest=longest)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._listener: Listener | None = None
        self._early: deque[tuple[bytes, bytes]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._fragments: list[bytes] = []
        self._closing = False
        self._full = False
        self._heard = True
        self._beat: asyncio.TimerHandle | None = None
        self._lost = self._loop.create_future()

    async def receive(self) -> bytes | None:
        """The next text message; None when there will be no more. Not after `listen`."""
        while not self._early:
            if self.close_code is not None:
                return None
            self._waiter = self._loop.create_future()
            await self._waiter
        return self._early.popleft()[0]

    def listen(self, listener: Listener) -> None:
        """Give every message to `listener` from now on, beginning with those that nobody received."""
        self._listener = listener
        if self._full:
            listener.full(full=True)
        while self._early:
            listener.message(*self._early.popleft())
        if self.close_code is not None:
            listener.closed()

    def forward(self, raw: bytes) -> bool:
        """Send a frame that came from a peer of the same role; False when the peer is gone."""
        if self._closing or self._transport.is_closing():
            return False
        self._transport.write(raw)
        return True

    def text(self, payload: bytes) -> bool:
        """Send a text message; False when the peer is gone."""
        return self.forward(frames.encode(frames.TEXT, payload, mask=self._client))

    def hold(self) -> None:
        """Read no more for now, so that the peer's buffers fill up."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    async def close(self, code: int = 1000, message: bytes = b"") -> None:
        """Say goodbye, and wait for the peer's, not for long."""
        if not self._closing:
            self.go_on()  # its goodbye is to be read
            self._say_goodbye(code, message)
        try:
            async with asyncio.timeout(CLOSE_S):
                await asyncio.shield(self._lost)
        except TimeoutError:
            self.abort()

    def abort(self) -> None:
        """End the connection without a word."""
        if not self._lost.done():
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not of that class
        self._transport.set_write_buffer_limits(high=self._write_high)
        self._beat = self._loop.call_later(self._heartbeat_s, self._ping)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._heard = True
        if not self._fragments and (payload := self._decoder.message(data)) is not None:
            self._message(payload, data)
            return
        try:
            for frame in self._decoder.decode(data):
                if frame.first == _ORDINARY and not self._fragments:
                    self._message(frame.payload, frame.raw)
                else:
                    self._extraordinary(frame)
        except FrameError as error:
            self._over(error.code)
            self._say_goodbye(error.code, str(error).encode())
            self._transport.close()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._full = True
        if self._listener is not None:
            self._listener.full(full=True)

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._full = False
        if self._listener is not None:
            self._listener.full(full=False)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's shape
        """See `asyncio.Protocol`."""
        if self._beat is not None:
            self._beat.cancel()
        if not self._lost.done():
            self._lost.set_result(None)
        self._over(frames.ABNORMAL)

    def _message(self, payload: bytes, raw: bytes) -> None:
        if self._closing:
            return
        if self._listener is not None:
            self._listener.message(payload, raw)
            return
        self._early.append((payload, raw))
        self._wake()

    def _extraordinary(self, frame: frames.Frame) -> None:
        """Control frames, messages in pieces, and what nobody should send."""
        opcode, whole = frame.first & frames.OPCODE, frame.first & frames.FIN
        if frame.first & frames.RESERVED:
            raise FrameError(frames.PROTOCOL_ERROR, "an extension nobody asked for")
        if opcode >= frames.CLOSE and (not whole or len(frame.payload) > frames.LONGEST_CONTROL):
            raise FrameError(frames.PROTOCOL_ERROR, "a broken control frame")
        if opcode == frames.PING:
            self.forward(frames.encode(frames.PONG, frame.payload, mask=self._client))
        elif opcode == frames.CLOSE:
            self._goodbye(frame.payload)
        elif opcode in {frames.TEXT, frames.BINARY, frames.CONTINUATION}:
            self._piece(opcode, frame.payload, whole=whole != 0)
        elif opcode != frames.PONG:
            raise FrameError(frames.PROTOCOL_ERROR, "an unknown kind of frame")

    def _piece(self, opcode: int, payload: bytes, *, whole: bool) -> None:
        if (opcode == frames.CONTINUATION) is not bool(self._fragments):
            raise FrameError(frames.PROTOCOL_ERROR, "pieces out of order")
        if opcode == frames.BINARY and whole:
            return  # there are no binary messages on a media stream
        # The kind of the message is kept in front of its pieces.
        self._fragments += [payload] if self._fragments else [bytes((opcode,)), payload]
        if sum(map(len, self._fragments)) > self._longest + 1:
            raise FrameError(frames.TOO_BIG, "a message too long")
        if whole:
            kind, *pieces = self._fragments
            self._fragments = []
            if kind[0] == frames.TEXT:
                message = b"".join(pieces)
                self._message(message, frames.encode(frames.TEXT, message, mask=not self._client))

    def _goodbye(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if len(payload) > 1 else frames.NO_CODE
        self._over(code)
        self._say_goodbye(code if code != frames.NO_CODE else 1000, b"")
        self._transport.close()

    def _say_goodbye(self, code: int, message: bytes) -> None:
        payload = code.to_bytes(2, "big") + message[: frames.LONGEST_CONTROL - 2]
        self.forward(frames.encode(frames.CLOSE, payload, mask=self._client))
        self._closing = True

    def _over(self, code: int) -> None:
        if self.close_code is not None:
            return
        self.close_code = code
        self._wake()
        if self._listener is not None:
            self._listener.closed()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _ping(self) -> None:
        self._heard = False
        self.forward(frames.encode(frames.PING, b"", mask=self._client))
        self._beat = self._loop.call_later(self._heartbeat_s / 2, self._answered)

    def _answered(self) -> None:
        if not self._heard:
            self._transport.abort()
        else:
            self._beat = self._loop.call_later(self._heartbeat_s / 2, self._ping)
