"""An API server, and the command's way to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.cli.api_server import ApiServer, connect
from understudy.adapters.cluster.inspection import Inspector


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ApiServer]:
    found = ApiServer(tmp_path)
    await found.start()
    yield found
    await found.stop()


@pytest.fixture
async def inspector(server: ApiServer) -> AsyncIterator[Inspector]:
    found = await connect(server)
    yield found
    await found.close()
