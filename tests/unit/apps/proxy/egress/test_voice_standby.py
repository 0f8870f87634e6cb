"""The next voice, ready before it is needed."""

import asyncio
from typing import cast

import pytest

from understudy.apps.proxy.egress.voice_performance import Performance
from understudy.apps.proxy.egress.voice_standby import Standby
from understudy.base.errors import ProviderBroke
from understudy.domain.revision.snapshot import Voice

FIRST, SECOND = (Voice(account=name, provider="cartesia", voice_id="v") for name in ("a", "b"))


class FakePerformance:
    """Notes what becomes of it."""

    def __init__(self, begin: int, *, fails: bool = False) -> None:
        self.begin = begin
        self.fails = fails
        self.prepared = False
        self.discarded = asyncio.Event()

    async def prepare(self) -> None:
        if self.fails:
            raise ProviderBroke("a", "closed")
        self.prepared = True

    async def discard(self) -> None:
        self.discarded.set()


class Stage:
    """A standby, and the performances it made."""

    def __init__(self, *, fails: bool = False) -> None:
        self.made: list[FakePerformance] = []
        self.fails = fails
        self.standby = Standby(self.make)

    def make(self, _: Voice, begin: int) -> Performance:
        self.made.append(FakePerformance(begin, fails=self.fails))
        return cast("Performance", self.made[-1])


async def test_what_is_ready_is_taken() -> None:
    stage = Stage()
    stage.standby.get_ready(FIRST, 12)
    assert stage.standby.begin == 12
    taken = await stage.standby.take(FIRST, 12)
    assert taken is cast("Performance", stage.made[0])
    assert stage.made[0].prepared
    assert stage.standby.begin is None


@pytest.mark.parametrize(("voice", "begin"), [(SECOND, 12), (FIRST, 20)], ids=["another voice", "another place"])
async def test_what_is_ready_for_something_else_is_let_go(voice: Voice, begin: int) -> None:
    stage = Stage()
    stage.standby.get_ready(FIRST, 12)
    assert await stage.standby.take(voice, begin) is None
    async with asyncio.timeout(1):
        await stage.made[0].discarded.wait()


async def test_what_could_not_get_ready_is_asked_again() -> None:
    stage = Stage(fails=True)
    stage.standby.get_ready(FIRST, 12)
    assert await stage.standby.take(FIRST, 12) is None


async def test_one_is_ready_at_a_time_and_none_is_left() -> None:
    stage = Stage()
    stage.standby.get_ready(FIRST, 12)
    stage.standby.get_ready(FIRST, 20)
    await stage.standby.close()
    assert [made.begin for made in stage.made] == [12, 20]
    assert all(made.discarded.is_set() for made in stage.made)
    assert stage.standby.begin is None
