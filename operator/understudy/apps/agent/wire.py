"""The caller's socket: aiohttp's, in the shape that Pipecat's transport expects of Starlette's.

One HTTP server instead of two stacks: the proxy runs aiohttp as well, refusing an upgrade with 503 is plain there, and
its WebSocket costs about half as much a frame.
"""

from typing import Any

import orjson
from aiohttp import WSMsgType, web
from starlette.websockets import WebSocketState

from understudy.apps.agent.start import CallStart, parse_start
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

_STOP = '"stop"'
"""Cannot occur in a media message, of which there are fifty a second: base64 has no quotes."""


class CallerSocket:
    """A WebSocket with the part of Starlette's interface that the transport uses."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._open = True
        self.close_code = BROKEN
        """How the next close is announced. A pipeline that ends without being asked to must not look like a goodbye."""

    async def receive(self) -> dict[str, Any]:
        """The next ASGI message. Twilio's `stop` counts as the end of the connection."""
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT and not _stops(message.data):
            return {"type": "websocket.receive", "text": message.data}
        self._open = False
        return {"type": "websocket.disconnect"}

    async def send_text(self, text: str) -> None:
        """Send one message."""
        await self._socket.send_str(text)

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


def _stops(text: str) -> bool:
    return _STOP in text and _document(text).get("event") == "stop"


def _document(text: str) -> dict[str, Any]:
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput("message", "is not JSON", reason="BadStart") from error
    return message if isinstance(message, dict) else {}
