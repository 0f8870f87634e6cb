"""How far a voice came, and where another goes on."""

from typing import Any

import pytest

from understudy.domain.speech.utterance import Units, Utterance
from understudy.domain.speech.voice_codec import Words

SCRIPT = ("Good evening.", "Which day would you like?", "Friday is full.")


def utterance(*texts: str, buffer_ms: int = 0, more: bool = False) -> Utterance:
    first: dict[str, Any] = {"max_buffer_delay_ms": buffer_ms, "context_id": "c"}
    said = Utterance(first)
    for index, text in enumerate(texts):
        last = index == len(texts) - 1
        said.add({**first, "transcript": text, "continue": more or not last})
    return said


@pytest.mark.parametrize(
    ("words_heard", "remaining"),
    [
        (1, "Which day would you like? Friday is full."),
        (2, "Which day would you like? Friday is full."),
        (3, "Friday is full."),
        (7, "Friday is full."),
        (8, ""),
        (10, ""),
        (99, ""),
    ],
)
def test_next_voice_begins_with_the_first_sentence_not_begun(words_heard: int, remaining: str) -> None:
    said = utterance(*SCRIPT)
    said.begin(said.text)
    said.timed(Words((), tuple(float(index) for index in range(12)), ()))
    said.audio_bytes = int((words_heard - 0.5) * 48_000)
    assert said.remaining() == remaining


def test_third_voice_does_not_begin_again_before_the_second() -> None:
    """The second voice began with the second sentence and broke in it: the third says the third."""
    said = utterance(*SCRIPT)
    said.begin(said.text)
    said.timed(Words(("Good",), (0.0,), (1.0,)))
    said.audio_bytes = 48_000
    said.begin(said.remaining() or "")
    said.timed(Words(("Which",), (1.0,), (2.0,)))
    said.audio_bytes = 96_000
    assert said.remaining() == SCRIPT[2]


def test_without_audio_all_remains() -> None:
    assert utterance(*SCRIPT).remaining() == " ".join(SCRIPT)


def test_audio_without_times_leaves_it_unknown() -> None:
    said = utterance(*SCRIPT)
    said.audio_bytes = 100
    assert said.remaining() is None


def test_pieces_of_one_text_are_joined_as_they_are() -> None:
    assert utterance("Good eve", "ning.", buffer_ms=3000).text == "Good evening."


def test_completeness_and_text() -> None:
    said = utterance("", more=True)
    assert not said.has_text
    assert not said.complete
    said.add({"transcript": "hi", "continue": False})
    assert said.has_text
    assert said.complete


@pytest.mark.parametrize(("buffer_ms", "units"), [(0, ["one", "two three."]), (3000, ["one two three."])])
def test_units(buffer_ms: int, units: list[str]) -> None:
    """Without buffering the agent's phrases are spoken as they come; otherwise whole sentences are."""
    splitter = Units(utterance("x", buffer_ms=buffer_ms))
    found = splitter.feed("one ", end=False) + splitter.feed("two three.", end=False) + splitter.feed("", end=True)
    assert found == units


@pytest.mark.parametrize("output", [{"encoding": "mp3"}, {"sample_rate": 1000}])
def test_formats_that_cannot_be_made_are_refused(output: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"supported|between"):
        Utterance({"output_format": output})
