"""The caller's socket in the shape that the transport expects."""

import base64
import json
from typing import Any, cast

import pytest
from aiohttp import WSMessage, WSMsgType, web
from starlette.websockets import WebSocketState

from understudy.apps.agent.wire import BROKEN, GOODBYE, CallerSocket
from understudy.base.clock import ManualClock

MEDIA = json.dumps({"event": "media", "media": {"payload": "/v//"}})
MARK = json.dumps({"event": "mark", "mark": {"name": "stop"}})
STOP = json.dumps({"event": "stop", "stop": {"callSid": "CA1"}})


class FakeSocket:
    """An aiohttp socket that has received messages; the last one repeats."""

    def __init__(self, *messages: WSMessage) -> None:
        self._messages = list(messages)
        self.sent: list[dict[str, Any]] = []
        self.closed = False
        self.code = 0

    async def receive(self) -> WSMessage:
        return self._messages.pop(0) if len(self._messages) > 1 else self._messages[0]

    async def send_str(self, text: str) -> None:
        self.sent.append(json.loads(text))

    async def close(self, *, code: int) -> None:
        self.closed, self.code = True, code


def socket_with(kind: WSMsgType, data: Any) -> tuple[FakeSocket, CallerSocket]:
    fake = FakeSocket(WSMessage(kind, data, None))
    return fake, CallerSocket(cast("web.WebSocketResponse", fake), ManualClock())


async def test_messages_are_handed_on() -> None:
    """As ASGI messages."""
    _, caller = socket_with(WSMsgType.TEXT, MEDIA)
    assert await caller.receive() == {"type": "websocket.receive", "text": MEDIA}
    assert caller.client_state is WebSocketState.CONNECTED


async def test_marks_tell_what_was_played_and_go_no_further() -> None:
    """200 ms are sent with a mark behind them; the mark comes back, even one that is called stop, before a frame."""
    clock = ManualClock()
    fake = FakeSocket(*(WSMessage(WSMsgType.TEXT, text, None) for text in (MARK, MEDIA)))
    caller = CallerSocket(cast("web.WebSocketResponse", fake), clock)
    payload = base64.b64encode(bytes(800)).decode()
    for _ in range(2):
        await caller.send_text(json.dumps({"event": "media", "streamSid": "MZ1", "media": {"payload": payload}}))
    assert [message["event"] for message in fake.sent] == ["media", "media", "mark"]
    assert fake.sent[2]["streamSid"] == "MZ1"
    assert caller.playback.played(clock.monotonic()) == pytest.approx(0.0, abs=1e-3)
    fake._messages.insert(0, WSMessage(WSMsgType.TEXT, json.dumps(fake.sent[2]), None))
    assert (await caller.receive())["text"] == MEDIA
    assert caller.playback.played(clock.monotonic()) == pytest.approx(0.2)


async def test_what_is_cleared_is_not_played() -> None:
    clock = ManualClock()
    fake = FakeSocket(WSMessage(WSMsgType.TEXT, MEDIA, None))
    caller = CallerSocket(cast("web.WebSocketResponse", fake), clock)
    payload = base64.b64encode(bytes(800)).decode()
    await caller.send_text(json.dumps({"event": "media", "media": {"payload": payload}}))
    await caller.send_text(json.dumps({"event": "clear", "streamSid": "MZ1"}))
    assert fake.sent[-1] == {"event": "clear", "streamSid": "MZ1"}
    assert caller.playback.played(clock.monotonic()) == caller.playback.sent == pytest.approx(0.1)


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
