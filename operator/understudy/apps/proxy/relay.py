"""A call's audio between the carrier and whichever agent pod has it."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiohttp import ClientConnectionResetError, WSCloseCode, WSMsgType

from understudy.apps.proxy.frames import audio_of, event_of
from understudy.base.clock import Clock
from understudy.base.errors import UnderstudyError
from understudy.domain.calls.ledger import Ledger
from understudy.domain.calls.loudness import level, seconds

HELD_FRAMES = 150
"""Caller messages kept while no agent has the call: three seconds of 20 ms frames, so that a sentence spoken into a
take-over is still heard. Older ones are dropped: late audio would delay everything after it."""

CARRIER_STALL_S = 5.0
"""A carrier that takes nothing for so long has lost the caller: its socket and our buffers hold two seconds of speech,
and what follows would be heard far too late. The call is dropped; frames are never left out of a sentence."""

AGENT_STALL_S = 3.0
"""An agent that takes nothing for so long hangs; another takes the call. Pings notice a dead node somewhat later."""

_LOST = (ConnectionError, ClientConnectionResetError)
_CLOSED = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


class CarrierGone(UnderstudyError):
    """The carrier's connection broke while we were sending."""


class Socket(Protocol):
    """What the relay needs of either side's WebSocket; text arrives as bytes (`decode_text=False`)."""

    @property
    def close_code(self) -> int | None:
        """Why it closed; 1006 for a connection that just ended."""
        ...

    def receive(self) -> Awaitable[Any]:
        """The next message, with `type` and `data`."""
        ...

    def send_frame(self, message: bytes, opcode: WSMsgType) -> Awaitable[None]:
        """Send a message; waits while the peer takes nothing and the write buffer is full."""
        ...


class Relay:
    """Two directions of one call. The messages pass through unchanged; their loudness goes into the ledger."""

    def __init__(self, carrier: Socket, ledger: Ledger, clock: Clock) -> None:
        self._carrier = carrier
        self._ledger = ledger
        self._now: Callable[[], float] = clock.monotonic
        self._agent: Socket | None = None
        self._held: deque[bytes] = deque(maxlen=HELD_FRAMES)
        self._to_carrier_since: float | None = None
        self._to_agent_since: float | None = None

    async def from_carrier(self) -> bool:
        """Relay until the carrier stops or goes; whether it took leave properly (`stop`, or a normal close)."""
        while True:
            message = await self._carrier.receive()
            if message.type is WSMsgType.TEXT:
                raw: bytes = message.data
                now = self._now()
                audio = audio_of(raw)
                if audio is not None:
                    self._ledger.caller_frame(level(audio), now)
                await self._to_agent(raw, now)
                if audio is None and event_of(raw).get("event") == "stop":
                    return True
            elif message.type in _CLOSED:
                return self._carrier.close_code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY)

    async def from_agent(self, agent: Socket) -> bool:
        """Relay until the agent closes; whether it ended the call on purpose (closed with 1000).

        Raises:
            CarrierGone: there is nobody to relay to.
            ConnectionError: the agent is gone already.
        """
        await self._take(agent)
        try:
            while True:
                message = await agent.receive()
                if message.type is WSMsgType.TEXT:
                    await self._to_carrier(message.data)
                elif message.type in _CLOSED:
                    return agent.close_code == WSCloseCode.OK
        finally:
            self._agent = None

    async def _take(self, agent: Socket) -> None:
        """Give the agent what the caller said while nobody listened, then everything that follows."""
        while self._held:
            await agent.send_frame(self._held.popleft(), WSMsgType.TEXT)
        self._agent = agent

    async def _to_agent(self, raw: bytes, now: float) -> None:
        agent = self._agent
        if agent is None:
            self._held.append(raw)
            return
        self._to_agent_since = now
        try:
            await agent.send_frame(raw, WSMsgType.TEXT)
        except _LOST:
            self._agent = None  # its own loop notices too, and finds another
            self._held.append(raw)
        finally:
            self._to_agent_since = None

    async def _to_carrier(self, raw: bytes) -> None:
        now = self._now()
        audio = audio_of(raw)
        if audio is not None:
            self._ledger.assistant_frame(level(audio), seconds(audio), now)
        elif event_of(raw).get("event") == "clear":
            self._ledger.cleared(now)
        self._to_carrier_since = now
        try:
            await self._carrier.send_frame(raw, WSMsgType.TEXT)
        except _LOST as error:
            raise CarrierGone("while sending") from error
        finally:
            self._to_carrier_since = None

    @property
    def carrier_stalled(self) -> bool:
        """Whether a send to the carrier has been under way for too long.

        Looked at now and then: a timer around every frame would cost more than the frame.
        """
        return self._to_carrier_since is not None and self._now() - self._to_carrier_since > CARRIER_STALL_S

    @property
    def agent_stalled(self) -> bool:
        """Whether a send to the agent has been under way for too long."""
        return self._to_agent_since is not None and self._now() - self._to_agent_since > AGENT_STALL_S
