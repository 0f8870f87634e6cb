"""A simulator for each test, on a free loopback port."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from understudy.apps.simulator import server
from understudy.apps.simulator.script import parse

Serve = Callable[..., contextlib.AbstractAsyncContextManager[server.Simulator]]


@pytest.fixture
def serve() -> Serve:
    """Give a simulator with the deployments named as keywords; it recognises in a thread."""

    @contextlib.asynccontextmanager
    async def start(**deployments: Any) -> AsyncIterator[server.Simulator]:
        script = parse({"seed": 3, "recogniserProcesses": 0, "deployments": deployments})
        async with server.running(script) as simulator:
            yield simulator

    return start


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for `condition`, which another task of this loop will make true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 — the condition is on objects of other libraries
            await asyncio.sleep(0)
