"""Mirrored turns in front of the demo's simulator: a slower canary shows, and so does a worse one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy.apps.proxy.egress import shadow
from understudy.apps.simulator.script import parse
from understudy.apps.simulator.server import running
from understudy.domain.calls.observation import Defect

from .shadowed_call import World, revision, settled, shadowing
from .test_chat_fallback import said

ANSWER = "We are open from six to eleven."
SCRIPT = parse(
    {
        "recogniserProcesses": 0,
        "deployments": {
            "sim": {
                "apiKeys": ["key-of-sim"],
                "models": {
                    "good": {"answer": ANSWER, "firstMs": 20},
                    "slow": {"answer": ANSWER, "firstMs": 400},
                    "deaf": {"answer": "Could you say that again, please?", "firstMs": 20},
                },
            }
        },
    }
)
CALLS = 4


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that runs other tests beside this one is no busy proxy."""
    with monkeypatch.context() as patched:
        patched.setattr(shadow, "LATE_S", 5.0)
        yield


async def calls(world: World) -> None:
    """Some calls of one turn, whose mirrors have ended."""
    for number in range(CALLS):
        talk = world.open(f"CA{number}")
        assert said(await talk.turn("When are you open?")) == ANSWER
        await settled(lambda number=number: world.mirrors("mirrored") == number + 1)
        await talk.hangs_up()


@pytest.mark.parametrize(("model", "slower", "defects"), [("slow", True, ()), ("deaf", False, (Defect.REPROMPT,))])
async def test_a_worse_canary_shows(model: str, slower: bool, defects: tuple[Defect, ...], tmp_path: Path) -> None:  # noqa: FBT001
    """In every pair of answers to the same turn."""
    async with running(SCRIPT) as simulator:
        stable, canary = (
            revision(simulator.url("sim"), "You are the night desk.", account=name, model=asked)
            for name, asked in (("old", "good"), ("new", model))
        )
        async with shadowing(tmp_path, stable, canary) as world:
            await calls(world)
            pairs = [turn for call in world.assistant.finished.since(0) for turn in call.shadow]
    assert len(pairs) == CALLS
    for pair in pairs:
        assert pair.stable_ms is not None
        assert pair.canary_ms is not None
        assert (pair.canary_ms > pair.stable_ms + 200) == slower
        assert pair.canary_defects == defects
        assert pair.stable_defects == ()
