"""Audio of fillers is made once and kept within bounds."""

import asyncio

from understudy.apps.proxy.egress.voice_slack import LONGEST_S, MOST_KEPT, Fillers
from understudy.domain.speech.audio import SpeechFormat

FORMAT = SpeechFormat("pcm_s16le", 8000)


async def spoken(audio: bytes = b"\0\0") -> bytes:
    return audio


async def test_is_made_once_at_a_time() -> None:
    fillers, gate = Fillers(), asyncio.Event()
    asked = 0

    async def speak() -> bytes:
        nonlocal asked
        asked += 1
        await gate.wait()
        return b"\0\0"

    making = [asyncio.create_task(fillers.make(("a",), FORMAT, speak)) for _ in range(3)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*making)
    await fillers.make(("a",), FORMAT, speak)
    assert (asked, fillers.get(("a",))) == (1, b"\0\0")


async def test_what_failed_or_is_too_long_is_not_kept() -> None:
    fillers = Fillers()
    for audio in (b"", bytes(int(2 * 8000 * (LONGEST_S + 1)))):
        await fillers.make(("a",), FORMAT, lambda audio=audio: spoken(audio))
        assert fillers.get(("a",)) is None


async def test_the_least_used_is_forgotten() -> None:
    fillers = Fillers()
    for number in range(MOST_KEPT):
        await fillers.make((str(number),), FORMAT, spoken)
    fillers.get(("0",))
    await fillers.make(("new",), FORMAT, spoken)
    assert fillers.get(("0",)) is not None
    assert fillers.get(("1",)) is None
