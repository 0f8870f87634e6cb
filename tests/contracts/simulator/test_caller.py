"""The test caller against a carrier's counterpart: TwiML, media, marks, clear, drops, silence."""

import asyncio
import base64
import contextlib
import json
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.caller import Dialogue, Ended, Line, Temper, place_call
from understudy.apps.simulator.main import main

BRISK = Temper(patience_s=1.0, quiet_ms=100, think_ms=(0, 0))
PATIENT = replace(BRISK, patience_s=20.0)
"""For calls that are to go well: a machine that stands still for a second is not an assistant that said nothing."""
HANG_UP = Dialogue("short", (Line("goodbye"),))


@dataclass
class Assistant:
    """Answers the phone: says a tone of its own length for each turn, as `script` has it."""

    answers: list[float]
    """Seconds of each answer, the greeting first; 0 says nothing; negative closes the line without a word."""
    received: list[dict[str, Any]] = field(default_factory=list)
    socket: web.WebSocketResponse | None = None
    _spoke: bool = False

    async def media(self, request: web.Request) -> web.StreamResponse:
        self.socket = web.WebSocketResponse()
        await self.socket.prepare(request)
        async for message in self.socket:
            await self._receive(json.loads(message.data))
        return self.socket

    async def _receive(self, document: dict[str, Any]) -> None:
        if document["event"] != "media":
            self.received.append(document)
        if document["event"] == "start":
            await self._answer()
        if document["event"] == "media":
            loud = pcm.is_audible(mulaw.decode(base64.b64decode(document["media"]["payload"])))
            self._quiet = 0 if loud else self._quiet + 1
            self._spoke = self._spoke or loud
            if self._spoke and self._quiet >= 10:
                self._spoke = False
                await self._answer()

    async def _answer(self) -> None:
        self._quiet = 0
        seconds = self.answers.pop(0) if self.answers else 0
        assert self.socket is not None
        if seconds < 0:
            await self.socket.close(code=1011)
        elif seconds:
            payload = base64.b64encode(mulaw.encode(pcm.tone(seconds, 8000))).decode()
            await self.socket.send_json({"event": "media", "streamSid": "MZ", "media": {"payload": payload}})
            await self.socket.send_json({"event": "mark", "streamSid": "MZ", "mark": {"name": f"after-{seconds}"}})


@contextlib.asynccontextmanager
async def answering(
    media: Callable[[web.Request], Awaitable[web.StreamResponse]], twiml: str | None = None
) -> AsyncIterator[str]:
    """A front door; gives the URL of its TwiML."""
    app = web.Application()
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        stream = f'<Stream url="ws://{request.host}/media"><Parameter name="call" value="{form["CallSid"]}"/></Stream>'
        return web.Response(text=twiml or f"<Response><Connect>{stream}</Connect></Response>")

    app.router.add_post("/twiml", answer)
    app.router.add_get("/media", media)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/twiml"
    finally:
        await runner.cleanup()


async def test_a_call_goes_through_its_lines_and_hangs_up_as_a_carrier_does(tmp_path: Path) -> None:
    """connected, start with the TwiML's parameters, marks when played, stop; latency measured; both sides recorded."""
    assistant = Assistant([0.3, 0.5, 0.7])
    dialogue = Dialogue("two", (Line("yes please"), Line("goodbye")))
    async with answering(assistant.media) as url:
        report = await place_call(url, dialogue, temper=PATIENT, call_id="CA1", wav=tmp_path / "call.wav")
    assert (report.ended, report.ok, report.dropped) == (Ended.COMPLETED, True, False)
    events = [document["event"] for document in assistant.received]
    assert events == ["connected", "start", "mark", "mark", "mark", "stop"]
    start = assistant.received[1]["start"]
    assert (start["callSid"], start["customParameters"]) == ("CA1", {"call": "CA1"})
    assert start["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    assert [turn.said for turn in report.turns] == ["yes please", "goodbye"]
    assert len(report.latencies_ms) == len(report.turns)
    assert not any(turn.repeated for turn in report.turns)
    with wave.open(str(tmp_path / "call.wav")) as recording:
        assert recording.getnchannels() == 2
        assert recording.getnframes() / 8000 > 2.0


@pytest.mark.parametrize(
    ("answers", "ended", "said"),
    [
        ([], Ended.NO_ANSWER, 0),
        ([0.3], Ended.ABANDONED, 2),
        ([0.3, 0.5, 0.5, 0.5], Ended.ABANDONED, 3),
        ([-1], Ended.DROPPED, 0),
        ([0.3, -1], Ended.DROPPED, 1),
    ],
)
async def test_what_goes_wrong_has_a_name(answers: list[float], ended: Ended, said: int) -> None:
    """No greeting; no answer twice; the same answer again and again; closed before the end."""
    dialogue = Dialogue("long", tuple(Line(text) for text in ("yes please", "four people", "goodbye", "yes please")))
    async with answering(Assistant(answers).media) as url:
        report = await place_call(url, dialogue, temper=BRISK)
    assert (report.ended, report.ok) == (ended, False)
    assert len(report.turns) == said
    assert report.detail


async def test_a_closing_after_the_last_line_is_the_assistants_goodbye() -> None:
    """Closed with 1000 while the caller listens to the last answer."""

    class Polite(Assistant):
        async def _answer(self) -> None:
            last = not self.answers[1:]
            await super()._answer()
            if last and self.socket is not None:
                await self.socket.close()

    async with answering(Polite([0.3, 0.5]).media) as url:
        assert (await place_call(url, HANG_UP, temper=PATIENT)).ended is Ended.COMPLETED


async def test_a_caller_may_interrupt_and_measures_the_clear() -> None:
    """The rest of a long answer is dropped when `clear` comes; the report says how fast it came."""

    class Clearing(Assistant):
        async def _receive(self, document: dict[str, Any]) -> None:
            before = self._spoke
            await super()._receive(document)
            if self._spoke and not before and self.socket is not None:
                await self.socket.send_json({"event": "clear", "streamSid": "MZ"})

    dialogue = Dialogue("rude", (Line("yes please"), Line("goodbye", barge_in_after_ms=100)))
    async with answering(Clearing([0.3, 20.0, 0.5]).media) as url:
        async with asyncio.timeout(60):
            report = await place_call(url, dialogue, temper=PATIENT)
    assert report.ok
    assert report.turns[1].interrupted
    assert report.turns[1].clear_ms is not None
    assert report.clears == 2


@pytest.mark.parametrize("twiml", ["<Response><Reject/></Response>", "not XML"])
async def test_a_front_door_that_does_not_connect_refuses(twiml: str) -> None:
    """The report says so instead of raising."""
    async with answering(Assistant([]).media, twiml) as url:
        report = await place_call(url, HANG_UP, temper=BRISK)
    assert (report.ended, report.dropped, report.turns) == (Ended.REFUSED, True, [])


def test_the_exit_status_says_whether_the_call_went_as_scripted(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody listens on port 1: status 1, and one line of JSON."""
    assert main(["call", "--media", "ws://127.0.0.1:1/", "--dialogue", "hours"]) == 1
    assert json.loads(capsys.readouterr().out)["ended"] == "refused"
