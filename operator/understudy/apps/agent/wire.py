"""The caller's socket: aiohttp's, in the shape that Pipecat's transport expects of Starlette's.

One HTTP server instead of two stacks: the proxy runs aiohttp as well, refusing an upgrade with 503 is plain there, and
its WebSocket costs about half as much a frame.
"""

from typing import Any

import orjson
from aiohttp import WSMsgType, web
from starlette.websockets import WebSocketState

from understudy.apps.agent.hearing import SAMPLE_RATE
from understudy.apps.agent.playback import Playback
from understudy.apps.agent.start import CallStart, parse_start
from understudy.base.clock import Clock
from understudy.base.errors import InvalidInput

MAX_MESSAGE_BYTES = 65_536
"""A 20 ms frame takes about 300 bytes; a carrier that batches seconds still fits."""
HEARTBEAT_SECONDS = 20.0
"""A proxy that vanished without closing is noticed after one and a half of these, and its call's capacity freed."""
OPENING_MESSAGES = 3
"""`connected` and `start` come first; one more is forgiven."""

GOODBYE = 1000
"""Close code of a call that the assistant ended."""
BROKEN = 1011
"""Close code of a call that could not go on: the proxy counts it as dropped."""

_STOP, _MARK = '"stop"', '"mark"'
"""Cannot occur in a media message, of which there are fifty a second: base64 has no quotes."""


class CallerSocket:
    """A WebSocket with the part of Starlette's interface that the transport uses."""

    def __init__(self, socket: web.WebSocketResponse, clock: Clock) -> None:
        self._socket = socket
        self.clock = clock
        self.playback = Playback()
        """What the caller has heard."""
        self._open = True
        self.close_code = BROKEN
        """How the next close is announced. A pipeline that ends without being asked to must not look like a goodbye."""

    async def receive(self) -> dict[str, Any]:
        """The next ASGI message. Twilio's `stop` counts as the end of the connection; marks are taken down."""
        message = await self._socket.receive()
        while message.type is WSMsgType.TEXT and _MARK in message.data:
            name = str((_document(message.data).get("mark") or {}).get("name"))
            self.playback.returned(name, self.clock.monotonic())
            message = await self._socket.receive()
        if message.type is WSMsgType.TEXT and not _stops(message.data):
            return {"type": "websocket.receive", "text": message.data}
        self._open = False
        return {"type": "websocket.disconnect"}

    async def send_text(self, text: str) -> None:
        """Send one message, and a mark behind it when one is due."""
        document = _document(text)
        now, mark = self.clock.monotonic(), None
        match document.get("event"):
            case "media":
                mark = self.playback.send(_seconds(document["media"]["payload"]), now)
            case "clear":
                self.playback.cleared(now)
        await self._socket.send_str(text)
        if mark is not None:
            message = {"event": "mark", "streamSid": document.get("streamSid"), "mark": {"name": mark}}
            await self._socket.send_str(orjson.dumps(message).decode())

    async def close(self) -> None:
        """Close with `close_code`."""
        self._open = False
        await self._socket.close(code=self.close_code)

    @property
    def client_state(self) -> WebSocketState:
        """Whether the other side is there."""
        return WebSocketState.CONNECTED if self._open and not self._socket.closed else WebSocketState.DISCONNECTED

    application_state = client_state


async def read_start(socket: web.WebSocketResponse) -> CallStart:
    """Read up to and including the `start` message.

    Raises:
        InvalidInput: the peer does not open a Media Streams call.
    """
    for _ in range(OPENING_MESSAGES):
        frame = await socket.receive()
        if frame.type is not WSMsgType.TEXT:
            break
        message = _document(frame.data)
        if message.get("event") == "start":
            return parse_start(message)
    raise InvalidInput("start", "did not come", reason="BadStart")


def _seconds(payload: str) -> float:
    """How long a message's audio sounds: 8-bit μ-law, in base64."""
    return (len(payload) * 3 // 4 - payload.count("=")) / SAMPLE_RATE


def _stops(text: str) -> bool:
    return _STOP in text and _document(text).get("event") == "stop"


def _document(text: str) -> dict[str, Any]:
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput("message", "is not JSON", reason="BadStart") from error
    return message if isinstance(message, dict) else {}
