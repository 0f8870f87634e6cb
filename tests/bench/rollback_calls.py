"""Live calls that never stop: many that only hear the greeting, and a few that talk on through rollbacks."""

import asyncio
import base64
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp

from tests.integration.agent.speech import FRAME_BYTES, spoken
from understudy.apps.simulator.caller.line import Line, LineCut
from understudy.apps.simulator.caller.media import Outbound, parse_twiml
from understudy.base.clock import SystemClock
from understudy.base.errors import InvalidInput

GREETERS = 3
"""Callers of each assistant who hang up after the greeting began: they are the evidence."""
TALKERS = 1
"""Callers of each assistant who talk: some of them are on the canary when it is taken back."""
PAUSE_S = (0.3, 0.9)
"""Least and most time between two calls of a caller."""
LISTEN_S = 0.1
"""How long a greeter listens."""
TURNS = 3
"""Of a talker's call, which then lasts about as long as a rollback takes."""
PATIENCE_S = 20.0
"""Silence after which a caller gives up: a machine that others use as well stalls for seconds."""
INTERRUPT_S = 1.0
"""How long a talker listens: answers are long, and the next turn is what a rollback may have to rescue."""
LOOK_S = 0.02
UTTERANCE = "what are your opening hours"

_FAILED = (aiohttp.ClientError, OSError, TimeoutError, InvalidInput, LineCut)


def _frames(text: str) -> list[str]:
    speech = spoken(text)
    return [base64.b64encode(speech[at : at + FRAME_BYTES]).decode() for at in range(0, len(speech), FRAME_BYTES)]


@dataclass
class Callers:
    """All callers of one assistant.

    Attributes:
        url: where the carrier asks what to do with a call.
        ended: calls by how they ended: `greeted`, `talked`, `dropped` by the other side, or `given up` by the caller.
        faults: what was wrong with the last two.
        unanswered: turns of talkers that nothing was heard in answer to.
    """

    url: str
    ended: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    turns: int = 0
    unanswered: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _clock: SystemClock = field(default_factory=SystemClock)

    async def run(self) -> None:
        """Call until `stopping` is set; calls in progress then end in their own time."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            greeters = [self._again(session, "greeted", self._greet) for _ in range(GREETERS)]
            talkers = [self._again(session, "talked", self._talk) for _ in range(TALKERS)]
            await asyncio.gather(*greeters, *talkers)

    async def _again(
        self, session: aiohttp.ClientSession, name: str, conduct: Callable[[Line], Awaitable[None]]
    ) -> None:
        while not self.stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), random.uniform(*PAUSE_S))
                return
            try:
                await self._call(session, conduct)
                self.ended[name] += 1
            except _FAILED as fault:
                self.ended["given up" if isinstance(fault, TimeoutError) else "dropped"] += 1
                self.faults[f"{name}: {fault!r}"] += 1

    async def _call(self, session: aiohttp.ClientSession, conduct: Callable[[Line], Awaitable[None]]) -> None:
        call_id = f"CA{random.getrandbits(128):032x}"
        async with asyncio.timeout(PATIENCE_S):
            async with session.post(self.url, data={"CallSid": call_id}) as response:
                response.raise_for_status()
                target = parse_twiml(await response.text())
            socket = await session.ws_connect(target.url, compress=0, max_msg_size=0)
        line = Line(socket, Outbound(f"MZ{call_id[2:]}", call_id, target.parameters), self._clock)
        running = asyncio.create_task(line.run())
        try:
            await self._heard(line)
            await conduct(line)
        finally:
            await line.hang_up()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _greet(self, line: Line) -> None:
        await line.pause(LISTEN_S)

    async def _talk(self, line: Line) -> None:
        for _ in range(TURNS):
            if self.stopping.is_set():
                return
            await line.pause(INTERRUPT_S)
            await line.say(_frames(UTTERANCE))
            line.playback.listen()
            self.turns += 1
            try:
                await self._heard(line)
            except TimeoutError:
                self.unanswered += 1

    async def _heard(self, line: Line) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while line.playback.first_audible is None:
                await line.pause(LOOK_S)
