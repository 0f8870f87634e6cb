"""One call from its first message to its end: an agent, another agent when that one dies, the time limit."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from aiohttp import WSCloseCode

from understudy.apps.proxy.agents import Agents, NoAgentCapacity
from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.frames import connected, media, start_for_agent
from understudy.apps.proxy.http.websocket import WebSocket
from understudy.apps.proxy.patience import Patience
from understudy.apps.proxy.relay import Carrier, CarrierGone, Relay
from understudy.base.clock import Clock
from understudy.domain.calls.loudness import RATE, level
from understudy.domain.calls.observation import CallEnd
from understudy.domain.naming import PARAM_PROXY, PARAM_TOKEN, PARAM_TURNS
from understudy.domain.revision.snapshot import turn_detection

log = logging.getLogger(__name__)

TAKEOVERS_MAX = 3
"""Agent pods a call may lose: one is an accident, two a rollout of nodes; a fourth death is the call's own doing."""

LOOK_EVERY_S = 1.0
"""Seconds between looks for a stalled side."""

PLAYOUT_MAX_S = 10.0
"""Longest wait for the carrier to play the last words before the line is closed: carriers drop what they hold."""

REASONS = {
    CallEnd.CALLER_HUNG_UP: (WSCloseCode.OK, b"caller hung up"),
    CallEnd.ASSISTANT_ENDED: (WSCloseCode.OK, b"assistant ended the call"),
    CallEnd.MAX_DURATION: (WSCloseCode.OK, b"maximum call duration reached"),
}
"""How the carrier is told; a dropped call is closed with 1011 and its cause."""


class Session:
    """A live call.

    Args:
        carrier: the carrier's end of the stream, past its `start` message.
        start: that message.
        own_url: where an agent reaches this pod.
    """

    def __init__(
        self,
        *,
        carrier: Carrier,
        start: dict[str, Any],
        call: Call,
        assistant: Assistant,
        agents: Agents,
        own_url: str,
        clock: Clock,
    ) -> None:
        self.call = call
        self._carrier = carrier
        self._assistant = assistant
        self._agents = agents
        self._clock = clock
        self._relay = Relay(carrier, call.ledger, clock)
        told = {PARAM_TOKEN: call.token_text, PARAM_PROXY: own_url, PARAM_TURNS: turn_detection(call.snapshot())}
        self._start_stream = str(start.get("streamSid") or "")
        self._start = start_for_agent(start, told)
        self._service = self._service_now()
        self._agent: WebSocket | None = None
        self._ended: asyncio.Future[tuple[CallEnd, str]] = asyncio.get_running_loop().create_future()

    def end(self, end: CallEnd, cause: str = "") -> None:
        """End the call; the first reason given is the one that counts."""
        if not self._ended.done():
            self._ended.set_result((end, cause))

    async def run(self) -> tuple[CallEnd, str]:
        """Serve the call until it ends; how, and why if it was dropped."""
        loop = asyncio.get_running_loop()
        longest = self.call.snapshot().max_call_duration_ms / 1000
        limit = loop.call_later(longest, self.end, CallEnd.MAX_DURATION)
        tasks = [loop.create_task(self._guard(part)) for part in (self._listen(), self._talk(), self._watch())]
        try:
            return await self._ended
        finally:
            limit.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self, end: CallEnd, cause: str) -> None:
        """Close both sides' sockets."""
        code, reason = REASONS.get(end, (WSCloseCode.INTERNAL_ERROR, cause.encode()))
        agent = [self._agent.close()] if self._agent else []
        await asyncio.gather(self._carrier.close(code, reason), *agent, return_exceptions=True)

    async def _guard(self, part: Coroutine[Any, Any, None]) -> None:
        """A fault of ours ends this call, says so, and no other."""
        try:
            await part
        except Exception:
            log.exception("a call of %s failed", self._assistant.key)
            self.end(CallEnd.DROPPED, "ProxyError")

    async def _listen(self) -> None:
        """Caller → agent."""
        if await self._relay.from_carrier():
            self.end(CallEnd.CALLER_HUNG_UP)
        else:
            self.end(CallEnd.DROPPED, "CarrierConnectionLost")

    async def _talk(self) -> None:
        """Agent → caller, from one pod after the other: a caller is not hung up on because a pod died.

        What the dead pod knew of the dialogue is gone with it; the model is told the dialogue again through
        `Call.earlier`.
        """
        failed = ""
        for _ in range(1 + TAKEOVERS_MAX):
            try:
                failed, self._agent = await self._agents.connect(
                    self._assistant.namespace, self._service_now, avoid=failed
                )
            except NoAgentCapacity:
                self.end(CallEnd.DROPPED, "NoAgentCapacity")
                return
            self.call.ledger.connected()
            if await self._with_agent(self._agent):
                self._say_farewell()
                await self._play_out()
                self.end(CallEnd.DROPPED if self.call.failure else CallEnd.ASSISTANT_ENDED, self.call.failure)
                return
            await self._agent.close()
            self.call.moved()
        self.end(CallEnd.DROPPED, "AgentLost")

    async def _with_agent(self, agent: WebSocket) -> bool:
        """Whether the agent ended the call on purpose."""
        try:
            agent.text(connected())
            agent.text(self._start)
            return await self._relay.from_agent(agent)
        except CarrierGone:
            self.end(CallEnd.DROPPED, "CarrierConnectionLost")
            return True
        except ConnectionError:
            return False

    async def _watch(self) -> None:
        """Act on a side that takes nothing, and on a part of the call that has no alternative left."""
        patience = Patience()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if patience.over(self.call.failure, self._clock.monotonic()):
                self._say_farewell()
                await self._play_out()
                self.end(CallEnd.DROPPED, self.call.failure)
            if self._relay.carrier_stalled:
                self.end(CallEnd.DROPPED, "CarrierStalled")
            if self._relay.agent_stalled and self._agent:
                self._agent.abort()  # its end moves the call

    def _say_farewell(self) -> None:
        """Tell the caller why the line is about to be closed, where a voice could say it."""
        if not self.call.failure or not self.call.farewell:
            return
        audio, self.call.farewell = self.call.farewell, b""
        for at in range(0, len(audio), RATE):
            piece = audio[at : at + RATE]
            self._carrier.text(media(self._start_stream, piece))
            self.call.ledger.assistant_frame(level(piece), len(piece) / RATE, self._clock.monotonic())

    async def _play_out(self) -> None:
        """Wait until the carrier has played what it was given."""
        rest = self.call.ledger.plays_until - self._clock.monotonic()
        await asyncio.sleep(max(0.0, min(rest, PLAYOUT_MAX_S)))

    def _service_now(self) -> str:
        """The agent service of the revision that serves the call; the last known one when it left the document."""
        document = self._assistant.document
        ref = document.find(self.call.served_by) if document else None
        if ref:
            self._service = ref.agent_service
        return self._service
