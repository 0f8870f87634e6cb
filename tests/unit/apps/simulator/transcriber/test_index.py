"""The recogniser of numbered speech."""

from understudy.apps.simulator.audio import numbered
from understudy.apps.simulator.script import TranscriberSettings
from understudy.apps.simulator.transcriber.hearing import Hearing
from understudy.apps.simulator.transcriber.recogniser import IndexListener, RecogniserPool

RATE = 8000
QUIET = bytes(RATE)
SETTINGS = TranscriberSettings.model_validate({"recogniser": "Index", "interimMs": 100})


async def texts(sound: bytes) -> tuple[list[str], list[str]]:
    """Interims and finals."""
    hearing = Hearing(RecogniserPool(0).listener(SETTINGS), SETTINGS, RATE, 300)
    found = [result async for result in hearing.feed(sound)]
    finals = [result.recognised.text for result in found if result.final]
    return [result.recognised.text for result in found if not result.final and not result.started], finals


async def test_a_transcript_is_the_numbers_that_were_said() -> None:
    """Two utterances, each with its words; interims grow towards them."""
    first, second = [1, 22, 333], [4, 55]
    interims, finals = await texts(numbered.speech(first, RATE) + QUIET + numbered.speech(second, RATE) + QUIET)
    assert finals == ["w1 w22 w333", "w4 w55"]
    assert interims[0] == "w1"
    assert all(any(final.startswith(interim) for final in finals) for interim in interims)


async def test_a_word_cut_by_the_end_of_an_utterance_is_in_one_of_them_only() -> None:
    """Wherever the cut falls: once, with the larger part."""
    sound = numbered.speech([1, 333, 22], RATE)
    word = numbered.timed([1, 333, 22])[1]
    times = 0
    for share in (0.15, 0.25, 0.75, 0.85):
        at = int((word.start + share * (word.end - word.start)) * RATE) * 2
        listener, heard = IndexListener(), []
        for part in (sound[:at], sound[at:]):
            await listener.hear(part, RATE)
            heard += (await listener.end()).text.split()
        assert heard.count("w333") <= 1
        times += heard.count("w333")
    assert times == 4
