"""What the agent wants said, cut into what a voice is given."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.speech.utterance import Units, Utterance

TEXT = "Good evening. Well, yes, of course you can come, and so can Dr. Smith. Friday at 3.30 is full, though. Bye"


def utterance(buffer_ms: int = 3000) -> Utterance:
    return Utterance({"max_buffer_delay_ms": buffer_ms, "context_id": "c"})


def say(said: Utterance, text: str, *, more: bool = True, **extra: Any) -> None:
    said.add({"transcript": text, "continue": more, **extra})


def cut(units: Units, said: Utterance) -> list[str]:
    """All that can be given by now."""
    found = []
    while (part := units.next(said)) is not None:
        found.append(said.text[part[0] : part[1]].strip())
    return found


@given(st.lists(st.integers(1, 25), max_size=40))
def test_units_are_the_text_whatever_the_pieces(sizes: list[int]) -> None:
    """No character but white space is lost or repeated, and the cuts do not depend on how the model's words arrive."""
    said, units, found, rest = utterance(), Units(0), list[str](), TEXT
    for size in sizes:
        say(said, rest[:size])
        rest = rest[size:]
        found += cut(units, said)
    say(said, rest, more=False)
    found += cut(units, said)
    assert found == [
        "Good evening.",
        "Well, yes, of course you can come, and so can Dr. Smith.",
        "Friday at 3.30 is full, though.",
        "Bye",
    ]


def test_the_first_clause_does_not_wait_and_later_short_ones_do() -> None:
    said, units = utterance(), Units(0)
    say(said, "Well, yes, ")
    assert cut(units, said) == ["Well,"]
    say(said, "of course, ")
    assert cut(units, said) == []
    say(said, "and I am very glad to hear that you like it, ")
    assert cut(units, said) == ["yes, of course, and I am very glad to hear that you like it,"]


def test_a_clause_at_the_end_waits_for_what_could_change_it() -> None:
    said, units = utterance(), Units(0)
    say(said, "It costs 3.")
    assert cut(units, said) == []
    say(said, "50 today.", more=False)
    assert cut(units, said) == ["It costs 3.50 today."]


def test_phrases_of_an_agent_that_does_not_buffer_are_given_as_they_come() -> None:
    said, units = utterance(buffer_ms=0), Units(0)
    say(said, "one")
    assert cut(units, said) == ["one"]
    say(said, "two three")
    assert cut(units, said) == ["two three"]
    assert said.text == "one two three"


def test_a_voice_in_a_hurry_is_given_a_few_words_first() -> None:
    """Whether or not the clause is there yet; a short clause is no shorter for it."""
    said, units = utterance(), Units(0, hurry=True)
    say(said, "one two three fo")
    assert cut(units, said) == ["one two"]
    say(said, "ur five six, seven", more=False)
    assert cut(units, said) == ["three four five six, seven"]
    said, units = utterance(), Units(0, hurry=True)
    say(said, "Well, I do not think so.", more=False)
    assert cut(units, said)[0] == "Well,"


def test_a_flush_ends_what_there_is() -> None:
    said, units = utterance(), Units(0)
    say(said, "one two", flush=True)
    assert cut(units, said) == ["one two"]


def test_text_that_waited_long_enough_is_given_in_whole_words() -> None:
    said, units = utterance(), Units(0)
    say(said, "one two thr")
    said.settle()
    assert cut(units, said) == ["one two"]
    say(said, "ee", more=False)
    assert cut(units, said) == ["three"]


def test_text_without_punctuation_is_cut_at_a_space() -> None:
    said, units = utterance(), Units(0)
    say(said, "word " * 60)
    (first,) = cut(units, said)
    assert set(first.split()) == {"word"}
    assert len(first) <= 240


def test_nothing_is_made_of_marks_alone() -> None:
    said, units = utterance(), Units(0)
    say(said, " … ", more=False)
    assert cut(units, said) == []
    assert not said.has_text
    assert not said.rest(0)


def test_pieces_of_one_text_are_joined_as_they_are() -> None:
    said = utterance()
    say(said, "Good eve")
    say(said, "ning.")
    assert said.text == "Good evening."


def test_completeness_and_text() -> None:
    said = utterance()
    say(said, "")
    assert not said.has_text
    assert not said.complete
    say(said, "hi", more=False)
    assert said.has_text
    assert said.complete


@pytest.mark.parametrize("output", [{"encoding": "mp3"}, {"sample_rate": 1000}])
def test_formats_that_cannot_be_made_are_refused(output: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"supported|between"):
        Utterance({"output_format": output})
