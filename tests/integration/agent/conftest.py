"""One agent for the tests that share it: it serves many calls in its life, as in production."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.integration.agent.agent_process import AgentProcess
from understudy.apps.agent import settings

CAPACITY = 2


async def empty(agent: AgentProcess) -> None:
    """Returns when the agent holds no call."""
    async with asyncio.timeout(3), aiohttp.ClientSession() as session:
        while True:
            async with session.get(agent.url("/capacity")) as response:
                if (await response.json())["live"] == 0:
                    return
            await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
def shared_agent() -> Iterator[AgentProcess]:
    """An agent for two calls; plain silence ends a turn, because the callers are synthetic voices."""
    process = AgentProcess(
        **{
            settings.ENV_CALLS: str(CAPACITY),
            settings.ENV_END_OF_TURN: "Silence",
            settings.ENV_SILENCE_MS: "250",
        }
    )
    yield process
    process.stop()


@pytest.fixture
async def agent(shared_agent: AgentProcess) -> AsyncIterator[AgentProcess]:
    """The shared agent, with all its places free again after each test."""
    yield shared_agent
    await empty(shared_agent)
