from collections.abc import Iterator

import pytest

from tests.integration.store.redis_process import RedisProcess


@pytest.fixture
def server() -> Iterator[RedisProcess]:
    """A fresh, empty server."""
    with RedisProcess() as process:
        yield process
