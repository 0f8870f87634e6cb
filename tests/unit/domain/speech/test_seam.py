"""What is heard again where a transcriber without word times stopped hearing, and what is left out of it."""

import pytest

from understudy.domain.speech.codec import Result, Word
from understudy.domain.speech.seam import SEAM_S, Seam

RATE = 8000
GROWN = 10 * RATE


def seam(text: str = "I should like a table, for two") -> Seam:
    """Behind such a final, of a transcriber that hears nothing any more."""
    made = Seam()
    made.final(Result(text, final=True), GROWN, RATE)
    made.hear_again()
    return made


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("for two people please", "people please"),
        ("Two people please", "people please"),
        ("people please", "people please"),
        ("table", ""),
        ("table for two", ""),
        ("two two people", "two people"),
        ("", ""),
        ("should I come", "should I come"),
    ],
)
def test_words_that_were_final_are_left_out(said: str, left: str) -> None:
    """Where more follows, those that end the final; where nothing does, any of its last ones in their order."""
    assert seam().without(Result(said, final=False)).text == left


def test_times_begin_with_the_first_word_that_is_left() -> None:
    words = (Word("two", 0.1, 0.3), Word("people", 0.4, 0.8))
    found = seam().without(
        Result("two people", final=True, start=0.1, end=0.8, words=words, message={"type": "Results"})
    )
    assert (found.words, found.start, found.message) == (words[1:], 0.4, {})


def test_a_little_before_the_last_growth_is_kept() -> None:
    assert seam().begin == GROWN - round(SEAM_S * RATE)


def test_word_times_tell_exactly_where_a_transcriber_stopped() -> None:
    made = seam()
    made.final(Result("two", final=True, words=(Word("two", 0.1, 0.3),)), GROWN, RATE)
    assert made.begin is None
    assert made.without(Result("for two people", final=True)).text == "for two people"


def test_nothing_is_left_out_while_nothing_failed() -> None:
    made = Seam()
    made.final(Result("for two", final=True), GROWN, RATE)
    assert made.without(Result("two people", final=True)).text == "two people"


def test_what_was_left_out_once_is_not_left_out_again() -> None:
    made = seam()
    made.final(Result("people please", final=True), GROWN, RATE)
    assert made.without(Result("please hurry", final=True)).text == "please hurry"
