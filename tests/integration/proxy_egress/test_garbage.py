"""A request leaves nothing behind that only the collector finds: it stops every call while it looks."""

import gc
from collections.abc import Iterator

import pytest

from tests.integration.proxy_egress.conftest import Serve, StartProxy, models
from tests.integration.proxy_egress.fake_model import FakeModel


@pytest.fixture
def kept() -> Iterator[list[object]]:
    """What the collector finds, kept for a look."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_request_is_no_garbage(
    serve: Serve, start_proxy: StartProxy, kept: list[object], *, stream: bool
) -> None:
    proxy = await start_proxy(models(await serve(FakeModel().route())))
    for _ in range(3):
        async with await proxy.chat(stream=stream) as response:
            assert response.status == 200
            await response.read()
    gc.collect()
    ours = {type(each).__qualname__ for each in kept if type(each).__module__.startswith("understudy.")}
    assert ours == set()
