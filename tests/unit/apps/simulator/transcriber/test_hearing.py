"""Utterances found in a stream, with a listener that only counts."""

from dataclasses import dataclass, field

import pytest

from understudy.apps.simulator.audio import pcm
from understudy.apps.simulator.script import TranscriberSettings
from understudy.apps.simulator.transcriber.ears import Recognised
from understudy.apps.simulator.transcriber.hearing import Hearing, Result
from understudy.apps.simulator.transcriber.recogniser import ScriptListener

RATE = 8000
TONE = pcm.tone(1.0, RATE)
QUIET = bytes(RATE * 2)


@dataclass
class Counting:
    """Hears `n` bytes as `n`."""

    held: int = 0
    ended: list[int] = field(default_factory=list)

    async def hear(self, sound: bytes, rate: int) -> str:
        assert rate == RATE
        self.held += len(sound)
        return f"{self.held}"

    async def end(self) -> Recognised:
        self.ended.append(self.held)
        text, self.held = f"{self.held}", 0
        return Recognised(text)


async def feed(hearing: Hearing, sound: bytes, step: int = 320) -> list[Result]:
    found = []
    for at in range(0, len(sound), step):
        found += [result async for result in hearing.feed(sound[at : at + step])]
    return found


@pytest.mark.parametrize("step", [1, 160, 320, 1000, 99_999])
async def test_an_utterance_is_one_final_whatever_the_size_of_the_messages(step: int) -> None:
    """Start, interims, one final after the silence; all of its sound was decoded, and some from before it."""
    listener = Counting()
    hearing = Hearing(listener, TranscriberSettings(interim_ms=300), RATE, 300)
    found = await feed(hearing, QUIET[:8000] + TONE + QUIET[:8000], step)
    assert [result.started for result in found].count(True) == 1
    assert [result.final for result in found].count(True) == 1
    assert len([r for r in found if not r.final and not r.started]) >= 3
    assert found[-1].final
    assert len(TONE) < listener.ended[0] < len(TONE) + 2 * 8000
    assert found[-1].start == pytest.approx(0.5, abs=0.31)
    assert found[-1].duration == pytest.approx(1.3, abs=0.35)


async def test_finish_answers_at_once_with_what_is_held_and_then_with_nothing() -> None:
    """Twice in a row: the text, then empty; speech after it is a new utterance."""
    listener = Counting()
    hearing = Hearing(listener, TranscriberSettings(), RATE, 300)
    await feed(hearing, TONE)
    first, second = await hearing.finish(), await hearing.finish()
    assert first.recognised.text == f"{len(TONE)}"
    assert second.recognised.text == ""
    assert second.final
    await feed(hearing, TONE[:8000])
    assert (await hearing.finish()).start == pytest.approx(1.0, abs=0.05)


async def test_silence_is_never_an_utterance() -> None:
    """Nothing is decoded, nothing is reported."""
    listener = Counting()
    assert await feed(Hearing(listener, TranscriberSettings(), RATE, 300), QUIET) == []
    assert listener.held == 0


async def test_the_scripted_listener_takes_its_transcripts_in_turn() -> None:
    """An end with nothing heard uses up none of them."""
    listener = ScriptListener(["one two three", "four"])
    texts = []
    for heard in (True, False, True, True):
        if heard:
            await listener.hear(TONE, RATE)
        texts.append((await listener.end()).text)
    assert texts == ["one two three", "", "four", "one two three"]
