"""The transport under test, on the loop it has in production and on asyncio's own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from understudy.apps.proxy.http.client import KeptTransport


def pytest_asyncio_loop_factories(
    config: pytest.Config,  # noqa: ARG001 - the hook's shape
    item: pytest.Item,  # noqa: ARG001
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The two differ in when they send, and in what they do after an end."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture
async def transport() -> AsyncIterator[KeptTransport]:
    kept = KeptTransport()
    yield kept
    await kept.close()
