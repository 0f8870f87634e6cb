"""The life of an agent pod: warm-up, drain, limits, and what it prints."""

import asyncio
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.integration.agent.agent_process import AgentProcess
from tests.integration.agent.caller import Caller
from tests.integration.agent.fake_proxy import FakeProxy, Script
from tests.integration.agent.speech import spoken
from understudy.apps.agent import settings

ENDED_S = 10.0
"""Longest wait for a call to be counted."""


@pytest.fixture
def silent() -> Iterator[AgentProcess]:
    """An agent of its own for tests that end it."""
    process = AgentProcess(**{settings.ENV_END_OF_TURN: "Silence", settings.ENV_SILENCE_MS: "250"})
    yield process
    process.stop()


async def status(agent: AgentProcess, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(agent.url(path)) as response:
        return response.status, await response.text()


async def ended(agent: AgentProcess) -> int:
    return await asyncio.wait_for(asyncio.to_thread(agent.process.wait), 20)


async def test_a_draining_agent_finishes_its_calls(silent: AgentProcess) -> None:
    """SIGTERM: new calls get 503, readiness goes, liveness stays, the live call is answered; then exit 0."""
    async with FakeProxy(Script(heard=["secret words"])) as proxy:
        async with Caller(silent.media, proxy.url) as caller:
            await caller.seen("heard")
            silent.terminate()
            await _until_draining(silent)
            assert (await status(silent, "/readyz"))[0] == 503
            assert (await status(silent, "/healthz"))[0] == 200
            assert (await status(silent, "/capacity"))[1] == '{"live": 1, "capacity": 10, "draining": true}'
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await Caller(silent.media, proxy.url).__aenter__()
            assert refused.value.status == 503
            await asyncio.sleep(1)
            caller.say(spoken("can you tell me the price"))
            await proxy.seen("model", 2)
        assert await ended(silent) == 0
    printed = "\n".join(silent.lines)
    assert "drained" in printed
    assert "secret words" not in printed
    assert "Hi there" not in printed


async def _until_draining(agent: AgentProcess) -> None:
    async with asyncio.timeout(10):
        while '"draining": false' in (await status(agent, "/capacity"))[1]:
            pass


async def test_an_idle_agent_stops_at_once(silent: AgentProcess) -> None:
    """Nothing to wait for: SIGTERM, exit 0."""
    assert (await status(silent, "/readyz"))[0] == 200
    silent.terminate()
    assert await ended(silent) == 0


async def metrics_with(agent: AgentProcess, line: str) -> str:
    """The metrics once they hold `line`: a call is counted when all of it is put away, a moment after its sockets.

    Raises:
        TimeoutError: they never do.
    """
    async with asyncio.timeout(ENDED_S):
        text = ""
        while line not in text:
            _, text = await status(agent, "/metrics")
    return text


async def test_metrics_count_calls_without_naming_them(agent: AgentProcess) -> None:
    """Ended calls are counted by reason; no label holds a call id."""
    async with FakeProxy(Script()) as proxy:
        async with Caller(agent.media, proxy.url, "CAmetrics") as caller:
            await caller.seen("heard")
        await proxy.idle()
    text = await metrics_with(agent, 'understudy_agent_ended_total{reason="hangup"}')
    assert "understudy_agent_capacity 2.0" in text
    assert "CAmetrics" not in text


async def test_no_call_outlives_its_limit() -> None:
    """A proxy that never ends a call does not keep it for ever."""
    process: Any = await asyncio.to_thread(AgentProcess, **{settings.ENV_MAX_CALL_MS: "1500"})
    try:
        async with FakeProxy(Script()) as proxy, Caller(process.media, proxy.url) as caller:
            await caller.seen("closed", seconds=10)
            await proxy.idle()
    finally:
        process.stop()
