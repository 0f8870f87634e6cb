"""The carrier's end of a golden call, message by message."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson

from understudy.apps.proxy.frames import media
from understudy.apps.proxy.http import frames
from understudy.apps.proxy.replay.line import FRAME_BYTES, Line
from understudy.base.clock import SystemClock
from understudy.domain.calls.loudness import RATE, SILENCE

LOUD = b"\x00"


class Session:
    """Listens as a session does: to messages, and to frames that can be passed on as they are."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self._decoder = frames.FrameDecoder(masked=True, longest=2**16)

    def message(self, payload: bytes, raw: bytes) -> None:
        (frame,) = self._decoder.decode(raw)
        assert frame.payload == payload
        self.heard.append(orjson.loads(payload))

    def full(self, *, full: bool) -> None:
        raise AssertionError(full)

    def closed(self) -> None:
        raise AssertionError

    def named(self, event: str) -> list[dict[str, Any]]:
        return [message for message in self.heard if message["event"] == event]

    def audio(self) -> list[bytes]:
        return [base64.b64decode(message["media"]["payload"]) for message in self.named("media")]


def from_agent(message: dict[str, Any]) -> bytes:
    return frames.encode(frames.TEXT, orjson.dumps(message), mask=False)


@asynccontextmanager
async def open_line() -> AsyncIterator[tuple[Line, Session]]:
    line, session = Line("golden-1", SystemClock()), Session()
    line.listen(session)
    running = asyncio.create_task(line.run())
    try:
        yield line, session
    finally:
        running.cancel()


async def ticks(line: Line, session: Session, count: int) -> None:
    assert await line.ticked.until(lambda: len(session.audio()) >= count, 10)


async def test_the_caller_speaks_in_frames_and_is_silent_otherwise() -> None:
    """A last frame that is too short is filled up."""
    async with open_line() as (line, session):
        line.say(LOUD * (FRAME_BYTES + 1))
        before = line.said_at
        await ticks(line, session, 3)
    assert session.audio()[:3] == [LOUD * FRAME_BYTES, LOUD + SILENCE * (FRAME_BYTES - 1), SILENCE * FRAME_BYTES]
    assert line.said_at > before
    assert not line.speaking
    first = session.named("media")[0]
    assert (first["streamSid"], first["media"]["chunk"], first["media"]["timestamp"]) == ("MZgolden-1", "1", "0")


async def test_marks_come_back_when_what_was_sent_before_has_been_played() -> None:
    mark = {"event": "mark", "streamSid": "MZ", "mark": {"name": "m"}}
    async with open_line() as (line, session):
        assert line.forward(frames.encode(frames.TEXT, media("MZ", LOUD * (RATE // 10)), mask=False))
        assert line.forward(from_agent(mark))
        await ticks(line, session, 2)
        assert session.named("mark") == []
        assert await line.ticked.until(lambda: bool(session.named("mark")), 5)
        assert line.ear.quiet_s(line.ear.plays_until) == 0.0
    assert session.named("mark") == [mark]


async def test_clearing_returns_every_mark_at_once() -> None:
    async with open_line() as (line, session):
        line.text(media("MZ", LOUD * RATE * 60))
        line.forward(from_agent({"event": "mark", "mark": {"name": "m"}}))
        line.forward(from_agent({"event": "clear"}))
        assert len(session.named("mark")) == 1
        assert line.ear.heard_from is None


async def test_a_held_line_keeps_what_is_said_until_it_may_go_on() -> None:
    async with open_line() as (line, session):
        await ticks(line, session, 1)
        line.hold()
        line.say(LOUD * FRAME_BYTES)
        assert not await line.ticked.until(lambda: not line.speaking, 0.1)
        line.go_on()
        assert await line.ticked.until(lambda: not line.speaking, 5)
    assert LOUD * FRAME_BYTES in session.audio()


async def test_hanging_up_is_said_as_carriers_say_it_and_nothing_after_the_end() -> None:
    line, session = Line("golden-1", SystemClock()), Session()
    line.listen(session)
    line.hang_up()
    assert session.heard == [{"event": "stop", "streamSid": "MZgolden-1", "stop": {"callSid": "golden-1"}}]
    await line.close(1000, b"")
    line.hang_up()
    assert len(session.heard) == 1
    assert not line.forward(from_agent({"event": "clear"}))
