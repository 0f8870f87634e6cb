"""As for requests of callers: a mirrored turn leaves nothing behind that only the collector finds."""

import gc
from pathlib import Path

import pytest

from understudy.apps.proxy.egress import shadow

from .conftest import Serve
from .fake_model import FakeModel
from .shadowed_call import settled, shadowing
from .test_garbage import kept  # noqa: F401 - a fixture
from .test_shadow import both


async def test_a_mirrored_turn_is_no_garbage(
    serve: Serve,
    tmp_path: Path,
    kept: list[object],  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor is the call it belonged to."""
    monkeypatch.setattr(shadow, "LATE_S", 5.0)
    async with shadowing(tmp_path, *await both(serve, FakeModel(), FakeModel())) as world:
        for number in range(3):
            talk = world.open(f"CA{number}")
            await talk.turn("Hello?")
            await settled(lambda number=number: world.mirrors("mirrored") == number + 1)
            assert (await talk.hangs_up()).shadow
        del talk
        gc.collect()
        ours = {type(each).__qualname__ for each in kept if type(each).__module__.startswith("understudy.")}
    assert ours == set()
