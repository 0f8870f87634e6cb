"""One telephone line: sends a frame every 20 ms, plays what comes, and knows when it is cut."""

import asyncio
import base64
import json
from collections import deque
from collections.abc import Sequence

import aiohttp

from understudy.apps.simulator.caller.media import FRAME_S, SILENT_FRAME, Outbound
from understudy.apps.simulator.caller.playback import Playback
from understudy.base.clock import Clock
from understudy.base.errors import UnderstudyError

MAX_BEHIND_S = 0.5
"""A sender later than this skips ahead instead of sending a burst."""

CLOSE_S = 2.0
"""How long the closing handshake may take: the call is over, whatever happens."""


class LineCut(UnderstudyError):
    """The other side closed the line.

    Attributes:
        code: the WebSocket's close code; None when there was none.
    """

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed by the other side (code {code})")
        self.code = code


class Line:
    """An open line. `run` must be running as a task while the line is used.

    Args:
        socket: connected to the front door.
        outbound: builds the messages.
        clock: paces the frames.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, outbound: Outbound, clock: Clock) -> None:
        self.playback = Playback()
        self.sent: list[tuple[float, str]] = []
        """Frames that were speech, with their times: the left side of the recording."""
        self._socket = socket
        self._outbound = outbound
        self._clock = clock
        self.opened = clock.monotonic()
        self._speech: deque[str] = deque()
        self._spoken = asyncio.Event()
        self._cut: LineCut | None = None

    async def run(self) -> None:
        """Send and receive until the line is cut."""
        await self._socket.send_str(self._outbound.connected())
        await self._socket.send_str(self._outbound.start())
        sending = asyncio.create_task(self._send())
        try:
            await self._receive()
        finally:
            sending.cancel()
            self._cut = LineCut(self._socket.close_code)
            self._spoken.set()

    async def say(self, frames: Sequence[str]) -> tuple[float, float]:
        """Speak these frames; returns when the first and the last one were sent.

        Raises:
            LineCut: the other side hung up.
        """
        self._spoken.clear()
        first = len(self.sent)
        self._speech.extend(frames)
        await self._spoken.wait()
        self.check()
        return self.sent[first][0], self.sent[-1][0]

    async def pause(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            LineCut: the other side hung up meanwhile.
        """
        self.check()
        await asyncio.sleep(seconds)
        self.check()

    def check(self) -> None:
        """Raise if the line is cut.

        Raises:
            LineCut: it is.
        """
        if self._cut is not None:
            raise self._cut

    async def hang_up(self) -> None:
        """Say `stop` and close, as a carrier does when the caller hangs up."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._socket.send_str(self._outbound.stop())
                await self._socket.close()
        except (ConnectionError, TimeoutError, aiohttp.ClientError):
            return

    async def _send(self) -> None:
        due = self._clock.monotonic()
        while not self._socket.closed:
            now = self._clock.monotonic()
            try:
                await self._send_frame(now)
            except (ConnectionError, aiohttp.ClientError):
                return
            due = max(due + FRAME_S, now - MAX_BEHIND_S)
            await asyncio.sleep(max(0.0, due - self._clock.monotonic()))

    async def _send_frame(self, now: float) -> None:
        payload = SILENT_FRAME
        if self._speech:
            payload = self._speech.popleft()
            self.sent.append((now, payload))
        await self._socket.send_str(self._outbound.media(payload))
        if payload is not SILENT_FRAME and not self._speech:
            self._spoken.set()
        for name in self.playback.marks_due(now):
            await self._socket.send_str(self._outbound.mark(name))

    async def _receive(self) -> None:
        async for message in self._socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            now, document = self._clock.monotonic(), json.loads(message.data)
            match document.get("event"):
                case "media":
                    self.playback.receive(base64.b64decode(document["media"]["payload"]), now)
                case "clear":
                    self.playback.clear(now)
                case "mark":
                    self.playback.mark(str(document["mark"]["name"]))
                case _:
                    continue
