"""The carrier's end of a golden call: Twilio Media Streams, in this very process.

A session does not notice: it is handed an open stream either way. So the agent pod, the providers and all that is done
between them are those of a live call, and the front door needs no exception for callers who do not count.
"""

import asyncio
from binascii import b2a_base64
from collections import deque
from typing import Any

import orjson

from understudy.apps.proxy.agents import MAX_MESSAGE
from understudy.apps.proxy.frames import audio_of, event_of
from understudy.apps.proxy.http import frames
from understudy.apps.proxy.http.websocket import Listener
from understudy.apps.proxy.replay.ear import Ear
from understudy.apps.proxy.signal import Signal
from understudy.base.clock import Clock
from understudy.domain.calls.loudness import AUDIBLE, RATE, SILENCE, level

FRAME_S = 0.02
"""Seconds of audio in a frame: what carriers send."""

FRAME_BYTES = round(FRAME_S * RATE)

LATEST_S = 1.0
"""A caller who is later than this, because the process was busy, goes on from now: no agent expects an hour's burst."""


class Line:
    """One open stream.

    Args:
        call_id: of the call.
        clock: the session's.

    Attributes:
        start: the carrier's `start` message.
        close_code: how the session closed it; None while it is open.
        ear: what the caller hears.
        said_at: when the last audible frame of the caller was sent, on the monotonic clock.
        ticked: fires with each frame.
    """

    def __init__(self, call_id: str, clock: Clock) -> None:
        self.close_code: int | None = None
        self.ear = Ear(clock.monotonic())
        self.said_at = clock.monotonic()
        self.ticked = Signal()
        self._stream = f"MZ{call_id}"
        self.start: dict[str, Any] = _start(self._stream, call_id)
        self._now = clock.monotonic
        self._listener: Listener | None = None
        self._decoder = frames.FrameDecoder(masked=False, longest=MAX_MESSAGE)
        self._open = asyncio.Event()
        self._open.set()
        self._words: deque[bytes] = deque()
        self._marks: deque[tuple[float, dict[str, Any]]] = deque()
        self._sent = 0

    def listen(self, listener: Listener) -> None:
        """Give the session's listener what the carrier sends."""
        self._listener = listener

    def forward(self, raw: bytes) -> bool:
        """A frame from the agent."""
        for frame in self._decoder.decode(raw):
            self._take(frame.payload)
        return self.close_code is None

    def text(self, payload: bytes) -> bool:
        """A message from the session itself."""
        self._take(payload)
        return self.close_code is None

    def hold(self) -> None:
        """The agent takes too little."""
        self._open.clear()

    def go_on(self) -> None:
        """It has caught up."""
        self._open.set()

    async def close(self, code: int = 1000, message: bytes = b"") -> None:  # noqa: ARG002 - nobody reads why
        """The session is over."""
        self.close_code = code

    def say(self, audio: bytes) -> None:
        """Speak `audio`, 8 kHz μ-law, from the next frame on, in real time."""
        self._words.extend(
            audio[at : at + FRAME_BYTES].ljust(FRAME_BYTES, SILENCE) for at in range(0, len(audio), FRAME_BYTES)
        )

    @property
    def speaking(self) -> bool:
        """Whether the caller has not finished."""
        return bool(self._words)

    def hang_up(self) -> None:
        """The caller leaves."""
        self._send({"event": "stop", "streamSid": self._stream, "stop": {"callSid": self.start["start"]["callSid"]}})

    async def run(self) -> None:
        """Send a frame every `FRAME_S`, of silence where there is nothing to say, until cancelled."""
        due = self._now()
        while True:
            await self._open.wait()
            self._frame()
            self._return_marks(self._now())
            self.ticked.fire()
            due = max(due + FRAME_S, self._now() - LATEST_S)
            await asyncio.sleep(max(0.0, due - self._now()))

    def _frame(self) -> None:
        audio = self._words.popleft() if self._words else SILENCE * FRAME_BYTES
        if level(audio) >= AUDIBLE:
            self.said_at = self._now()
        media = {"track": "inbound", "chunk": str(self._sent + 1), "timestamp": str(round(self._sent * FRAME_S * 1000))}
        media["payload"] = b2a_base64(audio, newline=False).decode()
        self._sent += 1
        self._send({"event": "media", "sequenceNumber": str(self._sent + 1), "streamSid": self._stream, "media": media})

    def _take(self, payload: bytes) -> None:
        """A message for the carrier."""
        audio, now = audio_of(payload), self._now()
        if audio is not None:
            self.ear.sent(audio, now)
            return
        message = event_of(payload)
        if message.get("event") == "mark":
            self._marks.append((self.ear.plays_until, message))
        elif message.get("event") == "clear":
            self.ear.cleared(now)
            self._return_marks(float("inf"))

    def _return_marks(self, until: float) -> None:
        """Tell the agent what was played; of what was cleared, carriers say the same."""
        while self._marks and self._marks[0][0] <= until:
            self._send(self._marks.popleft()[1])

    def _send(self, message: dict[str, Any]) -> None:
        if self._listener is not None and self.close_code is None:
            payload = orjson.dumps(message)
            self._listener.message(payload, frames.encode(frames.TEXT, payload, mask=True))


def _start(stream: str, call_id: str) -> dict[str, Any]:
    """The carrier's `start` message."""
    form = {"encoding": "audio/x-mulaw", "sampleRate": RATE, "channels": 1}
    start = {
        "accountSid": "golden",
        "streamSid": stream,
        "callSid": call_id,
        "tracks": ["inbound"],
        "mediaFormat": form,
    }
    return {"event": "start", "sequenceNumber": "1", "streamSid": stream, "start": {**start, "customParameters": {}}}
