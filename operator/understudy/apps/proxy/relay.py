"""A call's audio between the carrier and whichever agent pod has it."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from understudy.apps.proxy.frames import audio_of, decoded, event_of, payload_of, samples_in
from understudy.apps.proxy.http.websocket import Listener
from understudy.base.clock import Clock
from understudy.base.errors import UnderstudyError
from understudy.domain.calls.ledger import Ledger
from understudy.domain.calls.loudness import RATE, level

HELD_FRAMES = 150
"""Caller messages kept while no agent has the call: three seconds of 20 ms frames, so that a sentence spoken into a
take-over is still heard. Older ones are dropped: late audio would delay everything after it."""

CARRIER_STALL_S = 5.0
"""A carrier that takes nothing for so long has lost the caller: its socket and our buffers hold two seconds of speech,
and what follows would be heard far too late. The call is dropped; frames are never left out of a sentence."""

AGENT_STALL_S = 3.0
"""An agent that takes nothing for so long hangs; another takes the call. Pings notice a dead node somewhat later."""

_NORMAL, _GOING_AWAY = 1000, 1001
"""Close codes of a proper leave-taking."""


class CarrierGone(UnderstudyError):
    """The carrier's connection broke while we were sending."""


class Socket(Protocol):
    """What the relay needs of either side; see `http.websocket.WebSocket`."""

    close_code: int | None

    def listen(self, listener: Listener) -> None:
        """Give every message to `listener`."""
        ...

    def forward(self, raw: bytes) -> bool:
        """Send a frame as it came; False when the peer is gone."""
        ...

    def hold(self) -> None:
        """Read no more for now."""
        ...

    def go_on(self) -> None:
        """Read again."""
        ...


class Carrier(Socket, Protocol):
    """What a session needs of the carrier's side besides."""

    def text(self, payload: bytes) -> bool:
        """Send a message; False when the peer is gone."""
        ...

    async def close(self, code: int = 1000, message: bytes = b"") -> None:
        """Close the stream."""
        ...


class Relay:
    """Two directions of one call. The frames pass through unchanged; their loudness goes into the ledger.

    Everything happens in the callbacks of the two sockets: a task that is woken for every frame would cost more than
    all that is done with it. A side that takes too little holds the other one, so that nothing piles up here.
    """

    def __init__(self, carrier: Socket, ledger: Ledger, clock: Clock) -> None:
        self.carrier = carrier
        self.agent: Socket | None = None
        self.now: Callable[[], float] = clock.monotonic
        self.ledger = ledger
        self.carrier_full_since: float | None = None
        self.agent_full_since: float | None = None
        self._held: deque[bytes] = deque(maxlen=HELD_FRAMES)

    async def from_carrier(self) -> bool:
        """Relay until the carrier stops or goes; whether it took leave properly (`stop`, or a normal close)."""
        caller = _FromCarrier(self)
        self.carrier.listen(caller)
        return await caller.over

    async def from_agent(self, agent: Socket) -> bool:
        """Relay until the agent closes; whether it ended the call on purpose (closed with 1000).

        Raises:
            CarrierGone: there is nobody to relay to.
            ConnectionError: the agent is gone already.
        """
        while self._held:  # what the caller said while nobody listened
            if not agent.forward(self._held[0]):
                raise ConnectionResetError("the agent is gone")
            self._held.popleft()
        self.agent = agent
        if self.carrier_full_since is not None:
            agent.hold()
        assistant = _FromAgent(self, agent)
        try:
            agent.listen(assistant)
            return await assistant.over
        finally:
            self.agent = None
            self.agent_full(full=False)

    def to_agent(self, raw: bytes) -> None:
        """Pass a frame on, or keep it for the agent to come."""
        agent = self.agent
        if agent is None:
            self._held.append(raw)
        elif not agent.forward(raw):
            self.agent = None  # its own end is noticed as well, and another found
            self._held.append(raw)

    def carrier_full(self, *, full: bool) -> None:
        """The carrier takes too little, or has caught up."""
        self.carrier_full_since = self.now() if full else None
        if self.agent is not None:
            (self.agent.hold if full else self.agent.go_on)()

    def agent_full(self, *, full: bool) -> None:
        """The agent takes too little, or has caught up."""
        held, self.agent_full_since = self.agent_full_since, self.now() if full else None
        if full:
            self.carrier.hold()
        elif held is not None:
            self.carrier.go_on()

    @property
    def carrier_stalled(self) -> bool:
        """Whether the carrier has taken too little for too long.

        Looked at now and then: a timer around every frame would cost more than the frame.
        """
        return self.carrier_full_since is not None and self.now() - self.carrier_full_since > CARRIER_STALL_S

    @property
    def agent_stalled(self) -> bool:
        """Whether the agent has taken too little for too long."""
        return self.agent_full_since is not None and self.now() - self.agent_full_since > AGENT_STALL_S


class _FromCarrier:
    """Caller → agent.

    Attributes:
        over: whether the carrier took leave properly, once it has gone.
    """

    def __init__(self, relay: Relay) -> None:
        self.over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._relay = relay
        self._ledger = relay.ledger
        self._now = relay.now

    def message(self, payload: bytes, raw: bytes) -> None:
        """See `Listener.message`."""
        audio = audio_of(payload)
        if audio is not None:
            self._ledger.caller_frame(level(audio), self._now())
        self._relay.to_agent(raw)
        if audio is None and event_of(payload).get("event") == "stop":
            self._end(properly=True)

    def full(self, *, full: bool) -> None:
        """See `Listener.full`."""
        self._relay.carrier_full(full=full)

    def closed(self) -> None:
        """See `Listener.closed`."""
        self._end(properly=self._relay.carrier.close_code in (_NORMAL, _GOING_AWAY))

    def _end(self, *, properly: bool) -> None:
        if not self.over.done():
            self.over.set_result(properly)


class _FromAgent:
    """Agent → caller.

    Attributes:
        over: whether the agent ended the call on purpose, once it has gone.
    """

    def __init__(self, relay: Relay, agent: Socket) -> None:
        self.over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._relay = relay
        self._agent = agent
        self._ledger = relay.ledger
        self._now = relay.now

    def message(self, payload: bytes, raw: bytes) -> None:
        """See `Listener.message`."""
        sound = payload_of(payload)
        if sound is not None:
            audio = decoded(sound) if self._ledger.awaits_sound else None
            self._ledger.assistant_frame(level(audio) if audio else 0.0, samples_in(sound) / RATE, self._now())
        elif event_of(payload).get("event") == "clear":
            self._ledger.cleared(self._now())
        if not self._relay.carrier.forward(raw) and not self.over.done():
            self.over.set_exception(CarrierGone("while sending"))

    def full(self, *, full: bool) -> None:
        """See `Listener.full`."""
        if self._relay.agent is self._agent:
            self._relay.agent_full(full=full)

    def closed(self) -> None:
        """See `Listener.closed`."""
        if not self.over.done():
            self.over.set_result(self._agent.close_code == _NORMAL)
