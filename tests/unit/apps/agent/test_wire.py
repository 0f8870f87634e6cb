"""The caller's socket in the shape that the transport expects."""

import json
from typing import Any, cast

import pytest
from aiohttp import WSMessage, WSMsgType, web
from starlette.websockets import WebSocketState

from understudy.apps.agent.wire import BROKEN, GOODBYE, CallerSocket

MEDIA = json.dumps({"event": "media", "media": {"payload": "/v//"}})
MARK = json.dumps({"event": "mark", "mark": {"name": "stop"}})
STOP = json.dumps({"event": "stop", "stop": {"callSid": "CA1"}})


class FakeSocket:
    """An aiohttp socket that has received one message."""

    def __init__(self, message: WSMessage) -> None:
        self._message = message
        self.closed = False
        self.code = 0

    async def receive(self) -> WSMessage:
        return self._message

    async def close(self, *, code: int) -> None:
        self.closed, self.code = True, code


def socket_with(kind: WSMsgType, data: Any) -> tuple[FakeSocket, CallerSocket]:
    fake = FakeSocket(WSMessage(kind, data, None))
    return fake, CallerSocket(cast("web.WebSocketResponse", fake))


@pytest.mark.parametrize("text", [MEDIA, MARK], ids=["media", "a mark that is called stop"])
async def test_messages_are_handed_on(text: str) -> None:
    """As ASGI messages."""
    _, caller = socket_with(WSMsgType.TEXT, text)
    assert await caller.receive() == {"type": "websocket.receive", "text": text}
    assert caller.client_state is WebSocketState.CONNECTED


@pytest.mark.parametrize(
    ("kind", "data"),
    [(WSMsgType.TEXT, STOP), (WSMsgType.CLOSE, 1000), (WSMsgType.ERROR, OSError()), (WSMsgType.CLOSED, None)],
)
async def test_every_end_is_a_disconnect(kind: WSMsgType, data: Any) -> None:
    """The carrier's `stop`, a close and a broken connection look the same to the pipeline."""
    _, caller = socket_with(kind, data)
    assert await caller.receive() == {"type": "websocket.disconnect"}
    assert caller.client_state is WebSocketState.DISCONNECTED


@pytest.mark.parametrize("code", [GOODBYE, BROKEN])
async def test_a_call_that_nobody_ended_is_not_closed_as_a_goodbye(code: int) -> None:
    """The code is an error's until the assistant ends the call, so that the proxy counts it as dropped."""
    fake, caller = socket_with(WSMsgType.TEXT, MEDIA)
    assert caller.close_code == BROKEN
    caller.close_code = code
    await caller.close()
    assert fake.code == code
