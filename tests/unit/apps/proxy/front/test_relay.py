import asyncio
import base64
from collections import deque
from typing import Any

import orjson
import pytest
from aiohttp import WSMessage, WSMsgType

from understudy.apps.proxy.relay import AGENT_STALL_S, CARRIER_STALL_S, HELD_FRAMES, CarrierGone, Relay
from understudy.base.clock import ManualClock
from understudy.domain.calls.ledger import Ledger
from understudy.domain.routing.document import Arm


class Side:
    """One side's socket: receives what the test put in, keeps what is sent, may be full or gone."""

    def __init__(self, *messages: dict[str, Any], close_code: int = 1000) -> None:
        self.close_code: int | None = close_code
        self.sent: list[bytes] = []
        self.room = asyncio.Event()
        self.room.set()
        self.gone = False
        self._messages = deque(orjson.dumps(message) for message in messages)

    async def receive(self) -> WSMessage:
        """The next message, or the end."""
        if self._messages:
            return WSMessage(WSMsgType.TEXT, self._messages.popleft(), None)
        return WSMessage(WSMsgType.CLOSED, None, None)

    async def send_frame(self, message: bytes, opcode: WSMsgType) -> None:  # noqa: ARG002
        """Keep the message once there is room."""
        if self.gone:
            raise ConnectionResetError
        await self.room.wait()
        self.sent.append(message)


def media(seconds: float = 0.02) -> dict[str, Any]:
    payload = base64.b64encode(b"\x80" * int(seconds * 8000)).decode()
    return {"event": "media", "media": {"payload": payload}}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ledger(clock: ManualClock) -> Ledger:
    return Ledger(call_id="CA1", revision="a", arm=Arm.STABLE, budget_ms=1200, started_at=0, now=clock.monotonic())


@pytest.mark.parametrize(
    ("last", "code", "properly"),
    [({"event": "stop"}, 1006, True), (media(), 1000, True), (media(), 1001, True), (media(), 1006, False)],
)
async def test_how_the_carrier_left(
    ledger: Ledger, clock: ManualClock, last: dict[str, Any], code: int, *, properly: bool
) -> None:
    assert await Relay(Side(last, close_code=code), ledger, clock).from_carrier() is properly


@pytest.mark.parametrize(("code", "on_purpose"), [(1000, True), (1001, False), (1006, False), (1012, False)])
async def test_how_the_agent_left(ledger: Ledger, clock: ManualClock, code: int, *, on_purpose: bool) -> None:
    """1012 is a pod that is being stopped, which is no goodbye."""
    assert await Relay(Side(), ledger, clock).from_agent(Side(close_code=code)) is on_purpose


async def test_the_newest_audio_is_kept_for_the_agent_to_come(ledger: Ledger, clock: ManualClock) -> None:
    messages = [{"event": "media", "n": number, **media()} for number in range(HELD_FRAMES + 7)]
    relay, agent = Relay(Side(*messages), ledger, clock), Side()
    await relay.from_carrier()
    await relay.from_agent(agent)
    assert [orjson.loads(message)["n"] for message in agent.sent] == list(range(7, HELD_FRAMES + 7))


async def test_audio_in_the_carriers_buffer_counts_until_it_is_cleared(ledger: Ledger, clock: ManualClock) -> None:
    await Relay(Side(), ledger, clock).from_agent(Side(media(3.0)))
    assert ledger.plays_until == pytest.approx(clock.monotonic() + 3)
    await Relay(Side(), ledger, clock).from_agent(Side({"event": "clear"}))
    assert ledger.plays_until == clock.monotonic()


async def test_a_carrier_that_takes_nothing_is_noticed(ledger: Ledger, clock: ManualClock) -> None:
    carrier = Side()
    carrier.room.clear()
    relay = Relay(carrier, ledger, clock)
    sending = asyncio.create_task(relay.from_agent(Side(media())))
    await asyncio.sleep(0)
    clock.advance(CARRIER_STALL_S)
    assert not relay.carrier_stalled
    clock.advance(0.1)
    assert relay.carrier_stalled
    carrier.room.set()
    await sending
    assert not relay.carrier_stalled


async def test_an_agent_that_takes_nothing_is_noticed(ledger: Ledger, clock: ManualClock) -> None:
    agent = Side()
    agent.room.clear()
    relay = Relay(Side(media()), ledger, clock)
    relay._agent = agent
    sending = asyncio.create_task(relay.from_carrier())
    await asyncio.sleep(0)
    clock.advance(AGENT_STALL_S + 0.1)
    assert relay.agent_stalled
    agent.room.set()
    await sending
    assert not relay.agent_stalled


async def test_a_carrier_that_is_gone_is_told_from_an_agent_that_is_gone(ledger: Ledger, clock: ManualClock) -> None:
    carrier = Side(media())
    carrier.gone = True
    with pytest.raises(CarrierGone):
        await Relay(carrier, ledger, clock).from_agent(Side(media()))
    agent = Side()
    agent.gone = True
    relay = Relay(Side(media()), ledger, clock)
    relay._agent = agent
    assert await relay.from_carrier() is True, "the caller is not hung up on"
