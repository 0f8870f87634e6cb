"""Placing a call: TwiML from the front door, then the media stream."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from understudy.apps.simulator.audio.espeak import Speech
from understudy.apps.simulator.caller import record
from understudy.apps.simulator.caller.conduct import Conduct, GaveUp, Hear, Scene, Temper
from understudy.apps.simulator.caller.dialogue import VOICES, WORDS_PER_MINUTE, Dialogue, choose, load
from understudy.apps.simulator.caller.dialogue import Line as Sentence
from understudy.apps.simulator.caller.line import Line, LineCut
from understudy.apps.simulator.caller.media import RATE, Outbound, StreamTarget, encoded_frames, parse_twiml
from understudy.apps.simulator.caller.report import CallReport, Ended
from understudy.base.clock import Clock, SystemClock
from understudy.base.errors import InvalidInput

CONNECT_S = 10.0
"""For the TwiML and for the WebSocket: Twilio gives a webhook 15 s, people less."""


@dataclass(frozen=True)
class Caller:
    """Places calls; one object serves any number of them at the same time.

    Attributes:
        url: of the TwiML (http, https) or straight of the media stream (ws, wss).
        temper: how patient the callers are.
        parameters: `customParameters` when `url` is a media stream.
        stream_base: `ws://host:port` to use instead of the one in the TwiML, where that is not reachable from here.
        speech: synthesises the callers; share it, so that each sentence is made once.
        hear: turns an answer into words for the report; None leaves them out.
    """

    url: str
    temper: Temper = field(default_factory=Temper)
    parameters: Mapping[str, str] = field(default_factory=dict)
    stream_base: str | None = None
    speech: Speech = field(default_factory=Speech)
    hear: Hear | None = None
    clock: Clock = field(default_factory=SystemClock)

    async def place(
        self, dialogue: Dialogue, *, seed: int = 0, call_id: str | None = None, wav: Path | None = None
    ) -> CallReport:
        """Place one call and see it through; never raises for what happens on the line.

        `seed` decides the voice and the pauses. `wav` gets the recording.
        """
        draw = random.Random(seed)  # noqa: S311 — it has to be repeatable
        report = CallReport(
            call_id=call_id or f"CA{random.getrandbits(128):032x}",
            dialogue=dialogue.name,
            voice=draw.choice(VOICES),
            started_at=self.clock.now(),
        )
        utterances = await self.rehearse(dialogue, report.voice)
        scene = Scene(dialogue, utterances, self.temper, draw, self.hear, wav)
        begun = self.clock.monotonic()
        try:
            async with aiohttp.ClientSession() as session:
                await self._talk(await self._connect(session, report.call_id), scene, report)
        except (aiohttp.ClientError, OSError, TimeoutError, InvalidInput) as failure:
            report.detail = f"{type(failure).__name__}: {failure}"
        report.duration_s = self.clock.monotonic() - begun
        return report

    async def rehearse(self, dialogue: Dialogue, voice: str) -> dict[str, list[str]]:
        """The frames of every line: made before the call, because synthesis takes time."""
        frames = {}
        for line in dialogue.lines:
            sound = await self.speech.speak(line.text, voice, WORDS_PER_MINUTE, RATE)
            frames[line.text] = encoded_frames(sound)
        return frames

    async def _connect(self, session: aiohttp.ClientSession, call_id: str) -> Line:
        async with asyncio.timeout(CONNECT_S):
            target = await self._target(session, call_id)
            socket = await session.ws_connect(target.url, compress=0, max_msg_size=0)
        return Line(socket, Outbound("MZ" + call_id[2:], call_id, target.parameters), self.clock)

    async def _talk(self, line: Line, scene: Scene, report: CallReport) -> None:
        running = asyncio.create_task(line.run())
        try:
            await _see_through(Conduct(line, scene, report, self.clock), scene.dialogue, report)
        finally:
            await line.hang_up()
            running.cancel()
            with suppress(asyncio.CancelledError, ConnectionError, aiohttp.ClientError):
                await running
        report.clears = len(line.playback.clears)
        if scene.wav:
            lasted = self.clock.monotonic() - line.opened
            record.write_stereo(scene.wav, line.sent, line.playback.played, line.opened, lasted)

    async def _target(self, session: aiohttp.ClientSession, call_id: str) -> StreamTarget:
        if urlsplit(self.url).scheme in ("ws", "wss"):
            return StreamTarget(self.url, self.parameters)
        form = {"CallSid": call_id, "From": "+15550101", "To": "+15550100", "Direction": "inbound"}
        async with session.post(self.url, data=form) as response:
            response.raise_for_status()
            target = parse_twiml(await response.text())
        if self.stream_base is None:
            return target
        path = urlsplit(target.url)._replace(scheme="", netloc="").geturl()
        return StreamTarget(self.stream_base.rstrip("/") + path, target.parameters)


async def _see_through(conduct: Conduct, dialogue: Dialogue, report: CallReport) -> None:
    """The conversation, and what its end is called."""
    try:
        await conduct.converse()
    except GaveUp as reason:
        report.ended = Ended.NO_ANSWER if report.greeting_ms is None else Ended.ABANDONED
        report.detail = str(reason)
    except LineCut as cut:
        said_all = [turn.said for turn in report.turns] and len(report.turns) >= len(dialogue.lines)
        report.ended = Ended.COMPLETED if said_all and cut.code == 1000 else Ended.DROPPED  # noqa: PLR2004 — RFC 6455
        report.detail = str(cut)


async def place_call(
    url: str,
    dialogue: str | Dialogue | Sequence[str] | None = None,
    *,
    seed: int = 0,
    wav: Path | None = None,
    call_id: str | None = None,
    temper: Temper | None = None,
    parameters: Mapping[str, str] | None = None,
    speech: Speech | None = None,
) -> CallReport:
    """Place one call to a TwiML or media URL.

    `dialogue` is a built-in one's name, a dialogue, or the lines to say; None lets the seed choose a built-in one.
    """
    caller = Caller(url, temper or Temper(), parameters or {}, speech=speech or Speech())
    return await caller.place(_dialogue(dialogue, seed), seed=seed, call_id=call_id, wav=wav)


def _dialogue(wanted: str | Dialogue | Sequence[str] | None, seed: int) -> Dialogue:
    if isinstance(wanted, Dialogue):
        return wanted
    if wanted is None or isinstance(wanted, str):
        return choose(load(), [wanted] if wanted else [], random.Random(seed))  # noqa: S311 — repeatable
    return Dialogue("custom", tuple(Sentence(text) for text in wanted))
