"""What contexts of one voice say at the same time comes out in the order of their texts."""

import asyncio

from understudy.apps.proxy.egress.voice_lineup import Begun, Given, Item, Lineup, Over
from understudy.base.errors import ProviderBroke
from understudy.domain.speech.voice_codec import Audio, Done

FIRST, SECOND = Begun(0, 5, 0.0), Begun(5, 9, 0.0)


def waiting(queue: "asyncio.Queue[Item]") -> list[Item]:
    return [queue.get_nowait() for _ in range(queue.qsize())]


async def test_the_second_waits_for_the_end_of_the_first() -> None:
    lineup = Lineup()
    first, second = lineup.open(FIRST), lineup.open(SECOND)
    lineup.over()
    for part, item in ((second, Audio(b"b")), (first, Audio(b"a")), (second, Done())):
        lineup.put(part, item)
    assert waiting(lineup.queue) == [FIRST, Given(), Audio(b"a")]
    lineup.put(first, Done())
    assert waiting(lineup.queue) == [Done(), SECOND, Audio(b"b"), Done(), Over()]


async def test_that_no_more_text_comes_is_told_at_once() -> None:
    """Whoever waits has to reckon anew what the voice owes: the present context may never end."""
    lineup = Lineup()
    lineup.open(FIRST)
    assert waiting(lineup.queue) == [FIRST]
    lineup.over()
    assert waiting(lineup.queue) == [Given()]


async def test_what_comes_after_an_end_is_nobodys() -> None:
    lineup = Lineup()
    first = lineup.open(FIRST)
    lineup.put(first, Done())
    lineup.put(first, Audio(b"a"))
    assert waiting(lineup.queue) == [FIRST, Done()]


async def test_a_failure_of_the_second_waits_and_one_of_the_voice_does_not() -> None:
    lineup, broke = Lineup(), ProviderBroke("a", "closed")
    lineup.open(FIRST)
    lineup.put(lineup.open(SECOND), broke)
    assert waiting(lineup.queue) == [FIRST]
    lineup.fail(broke)
    assert waiting(lineup.queue) == [broke]
