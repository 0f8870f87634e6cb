"""Every provider's protocol behind the one face, and every way to fail in mid-utterance: each word once."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from understudy.apps.simulator.script import Script, parse
from understudy.apps.simulator.server import Simulator, running

from .conftest import Proxy, StartProxy
from .numbered_call import PROVIDERS, NumberedCall, calling, chain

FIRST, SECOND = list(range(1, 11)), list(range(11, 15))
FAULT_MS = 1300
"""Within the first utterance."""


def script(**fault: Any) -> Script:
    """`good` accounts, and `bad` ones with a fault."""
    index = {"recogniser": "Index"}
    bad = {"transcriber": index, "faults": [fault] if fault else []}
    return parse({"recogniserProcesses": 0, "deployments": {"bad": bad, "good": {"transcriber": index}}})


async def converse(proxy: Proxy, may_speak: Callable[[], bool] = lambda: True) -> NumberedCall:
    """Two utterances, the first once the caller may speak, and the end of the stream."""
    async with calling(proxy) as call:
        while not may_speak():
            await call.quiet(0.1)
        for numbers in (FIRST, SECOND):
            await call.say(numbers)
            await call.until(numbers)
        await call.socket.send_str('{"type":"CloseStream"}')
        await call.ended()
    return call


async def ring(
    start_proxy: StartProxy, simulator: Simulator, may_speak: Callable[[], bool] = lambda: True, **fields: Any
) -> list[tuple[Proxy, NumberedCall]]:
    """A call for each provider that fails, with the next as its fallback, all at the same time."""
    pairs = zip(PROVIDERS, PROVIDERS[1:] + PROVIDERS[:1], strict=True)
    proxies = [await start_proxy(chain(simulator, (one, "bad"), (other, "good"), **fields)) for one, other in pairs]
    calls = await asyncio.gather(*(converse(proxy, may_speak) for proxy in proxies))
    return list(zip(proxies, calls, strict=True))


def check(call: NumberedCall) -> None:
    """Each word in one final, each `Finalize` answered once, no interim over what is final."""
    assert call.numbers == [*FIRST, *SECOND]
    assert call.answers == call.asked
    covered = 0.0
    for message in call.messages:
        if message["type"] == "Results" and message["channel"]["alternatives"][0]["transcript"]:
            assert message["start"] >= covered - 0.001
            if message["is_final"]:
                covered = message["start"] + message["duration"]


async def test_every_provider_behind_the_one_face(start_proxy: StartProxy) -> None:
    """The caller's words come back once, whatever protocol, format and way of finalising there is behind the face."""
    async with running(script()) as simulator:
        for _, call in await ring(start_proxy, simulator):
            check(call)


@pytest.mark.parametrize("kind", ["cut", "error", "no-output"])
async def test_failure_in_mid_utterance(start_proxy: StartProxy, kind: str) -> None:
    """The next provider takes over, with all audio that no final covers."""
    async with running(script(kind=kind, atMs=FAULT_MS)) as simulator:
        for proxy, call in await ring(start_proxy, simulator):
            check(call)
            assert ("failover", "transcriber") in proxy.call.ledger.entries


@pytest.mark.parametrize("kind", ["close", "malformed", "empty", "stuck"])
async def test_other_failures_in_mid_utterance(start_proxy: StartProxy, kind: str) -> None:
    """What a provider closes, garbles, does not hear or does not read is heard by the next."""
    async with running(script(kind=kind, atMs=FAULT_MS)) as simulator:
        proxy = await start_proxy(chain(simulator, ("deepgram", "bad"), ("speechmatics", "good")))
        check(await converse(proxy))
        assert ("failover", "transcriber") in proxy.call.ledger.entries


async def test_standby_takes_over_without_a_handshake(start_proxy: StartProxy) -> None:
    """With `standby: Connected` the next transcriber's connection is open before it is needed, and is the one taken."""
    async with running(script(kind="cut", atMs=FAULT_MS, speechOnly=True)) as simulator:
        good = simulator.deployments.create("good").stats
        async with asyncio.timeout(30):
            calls = await ring(start_proxy, simulator, lambda: good.requests >= len(PROVIDERS), standby="Connected")
        for proxy, call in calls:
            check(call)
            assert ("failover", "transcriber") in proxy.call.ledger.entries
        assert good.requests == len(PROVIDERS)


async def test_an_audit_line_says_where_audio_went(start_proxy: StartProxy, caplog: pytest.LogCaptureFixture) -> None:
    """Which account, provider and region, from when to when, and why it ended; nothing that was said."""
    caplog.set_level(logging.INFO, "understudy.audit.audio")
    async with running(script(kind="cut", atMs=FAULT_MS)) as simulator:
        proxy = await start_proxy(chain(simulator, ("azure", "bad"), ("deepgram", "good")))
        call = await converse(proxy)
    lines = [record.getMessage() for record in caplog.records if record.name == "understudy.audit.audio"]
    assert len(lines) == 2
    assert "call CA1 of ns/desk went to account a0 (provider azure, region eastus) from 0.00 s" in lines[0]
    assert lines[0].endswith("closed")
    assert "account a1 (provider deepgram, region unspecified) from 0.00 s" in lines[1]
    assert lines[1].endswith("finished")
    assert not any(f"w{number}" in line for line in lines for number in call.numbers)
