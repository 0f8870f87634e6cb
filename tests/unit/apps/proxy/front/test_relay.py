import asyncio
import base64
from typing import Any

import orjson
import pytest

from understudy.apps.proxy.http.websocket import Listener
from understudy.apps.proxy.relay import AGENT_STALL_S, CARRIER_STALL_S, HELD_FRAMES, CarrierGone, Relay
from understudy.base.clock import ManualClock
from understudy.domain.calls.ledger import Ledger
from understudy.domain.routing.document import Arm


class Side:
    """One side's socket: gives what the test put in as soon as somebody listens, keeps what is sent, may be gone."""

    def __init__(self, *messages: dict[str, Any], close_code: int | None = 1000) -> None:
        self.close_code = close_code
        self.sent: list[bytes] = []
        self.gone = False
        self.held = False
        self.listener: Listener
        self._messages = [orjson.dumps(message) for message in messages]

    def listen(self, listener: Listener) -> None:
        """Everything at once, then the end, unless there is none."""
        self.listener = listener
        for message in self._messages:
            listener.message(message, b"raw " + message)
        if self.close_code is not None:
            listener.closed()

    def forward(self, raw: bytes) -> bool:
        if not self.gone:
            self.sent.append(raw)
        return not self.gone

    def hold(self) -> None:
        self.held = True

    def go_on(self) -> None:
        self.held = False


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
    assert [orjson.loads(raw.removeprefix(b"raw "))["n"] for raw in agent.sent] == list(range(7, HELD_FRAMES + 7))


async def test_audio_in_the_carriers_buffer_counts_until_it_is_cleared(ledger: Ledger, clock: ManualClock) -> None:
    await Relay(Side(), ledger, clock).from_agent(Side(media(3.0)))
    assert ledger.plays_until == pytest.approx(clock.monotonic() + 3)
    await Relay(Side(), ledger, clock).from_agent(Side({"event": "clear"}))
    assert ledger.plays_until == clock.monotonic()


async def test_frames_pass_as_they_came(ledger: Ledger, clock: ManualClock) -> None:
    """Not even written again: the mask of one client serves the other."""
    carrier, agent = Side({"event": "mark"}, close_code=None), Side(media())
    relay = Relay(carrier, ledger, clock)
    listening = asyncio.create_task(relay.from_carrier())
    await asyncio.sleep(0)
    assert await relay.from_agent(agent) is True
    assert agent.sent == [b'raw {"event":"mark"}']
    assert carrier.sent == [b"raw " + orjson.dumps(media())]
    listening.cancel()


async def test_a_carrier_that_takes_nothing_holds_the_agent_and_is_noticed(ledger: Ledger, clock: ManualClock) -> None:
    carrier, agent = Side(close_code=None), Side(close_code=None)
    relay = Relay(carrier, ledger, clock)
    tasks = [asyncio.create_task(part) for part in (relay.from_carrier(), relay.from_agent(agent))]
    await asyncio.sleep(0)
    carrier.listener.full(full=True)
    assert agent.held
    clock.advance(CARRIER_STALL_S)
    assert not relay.carrier_stalled
    clock.advance(0.1)
    assert relay.carrier_stalled
    carrier.listener.full(full=False)
    assert not agent.held
    assert not relay.carrier_stalled
    for task in tasks:
        task.cancel()


async def test_an_agent_that_takes_nothing_holds_the_carrier_until_another_takes_the_call(
    ledger: Ledger, clock: ManualClock
) -> None:
    carrier, agent = Side(close_code=None), Side(close_code=None)
    relay = Relay(carrier, ledger, clock)
    tasks = [asyncio.create_task(part) for part in (relay.from_carrier(), relay.from_agent(agent))]
    await asyncio.sleep(0)
    agent.listener.full(full=True)
    assert carrier.held
    clock.advance(AGENT_STALL_S + 0.1)
    assert relay.agent_stalled
    agent.close_code = 1006
    agent.listener.closed()
    assert await tasks[1] is False
    assert not carrier.held
    assert not relay.agent_stalled
    tasks[0].cancel()


async def test_a_new_agent_waits_for_a_carrier_that_is_behind(ledger: Ledger, clock: ManualClock) -> None:
    carrier, agent = Side(close_code=None), Side(close_code=None)
    relay = Relay(carrier, ledger, clock)
    tasks = [asyncio.create_task(relay.from_carrier())]
    await asyncio.sleep(0)
    carrier.listener.full(full=True)
    tasks.append(asyncio.create_task(relay.from_agent(agent)))
    await asyncio.sleep(0)
    assert agent.held
    for task in tasks:
        task.cancel()


async def test_a_carrier_that_is_gone_is_told_from_an_agent_that_is_gone(ledger: Ledger, clock: ManualClock) -> None:
    carrier = Side()
    carrier.gone = True
    with pytest.raises(CarrierGone):
        await Relay(carrier, ledger, clock).from_agent(Side(media()))
    agent, caller = Side(close_code=None), Side(close_code=None)
    relay = Relay(caller, ledger, clock)
    tasks = [asyncio.create_task(part) for part in (relay.from_carrier(), relay.from_agent(agent))]
    await asyncio.sleep(0)
    agent.gone = True
    for _ in range(2):
        caller.listener.message(orjson.dumps(media()), b"kept")
    assert not tasks[0].done(), "the caller is not hung up on"
    successor = Side()
    await relay.from_agent(successor)
    assert successor.sent == [b"kept", b"kept"]
    late = Side()
    late.gone = True
    caller.listener.message(orjson.dumps(media()), b"kept")
    with pytest.raises(ConnectionError):
        await relay.from_agent(late)
    successor = Side()
    await relay.from_agent(successor)
    assert successor.sent == [b"kept"], "nor is anything lost"
    for task in tasks:
        task.cancel()
