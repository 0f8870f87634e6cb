"""One agent for the tests that share it: it serves many calls in its life, as in production."""

from collections.abc import Iterator

import pytest

from tests.integration.agent.agent_process import AgentProcess
from understudy.apps.agent import settings

CAPACITY = 2


@pytest.fixture(scope="session")
def agent() -> Iterator[AgentProcess]:
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
