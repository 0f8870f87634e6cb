"""A continuation by another model neither repeats what the caller heard nor loses a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.routing.joint import Joint


def joined(said: str, text: str, step: int = 1000) -> str:
    """`said` with the continuation `text`, which comes in pieces of `step` characters."""
    joint = Joint(said)
    pieces = [joint.feed(text[at : at + step]) for at in range(0, len(text), step)]
    return said + "".join(pieces) + joint.finish()


@pytest.mark.parametrize(
    ("said", "text", "whole"),
    [
        ("Sure,", " we open at nine.", "Sure, we open at nine."),
        ("Sure,", "we open at nine.", "Sure, we open at nine."),
        ("Sure, ", " we open at nine.", "Sure, we open at nine."),
        ("Sure,", "Sure, we open at nine.", "Sure, we open at nine."),
        ("Sure,", "sure! We open at nine.", "Sure, We open at nine."),
        ("Sure,", "... we open at nine.", "Sure, we open at nine."),
        ("We open at nine.", "We open at nine. Which day?", "We open at nine. Which day?"),
        ("Sure. We open at nine.", "We open at nine. Which day?", "Sure. We open at nine. Which day?"),
        ("Which day?", "Day after tomorrow is free.", "Which day? Day after tomorrow is free."),
        ("We open at nine.", "at nine. Which day?", "We open at nine. Which day?"),
        ("We open at nine.", "At nine we serve tea.", "We open at nine. At nine we serve tea."),
        ("Yes.", "Yes we do.", "Yes. Yes we do."),
        ("It is", ", as I said, free.", "It is, as I said, free."),
        ("He said,", 'He said, "yes."', 'He said, "yes."'),
        ("Call five", "five, two.", "Call five five, two."),
        ("We are clo", "closed until nine.", "We are closed until nine."),
        ("We are op", "We are open until nine.", "We are open until nine."),
        ("It is in", "Indiana.", "It is in Indiana."),
        ("はい、", "はい、そうです。", "はい、そうです。"),
        ("はい、", "そうです。", "はい、そうです。"),
        ("Sure,", "", "Sure,"),
        ("", " Hello.", " Hello."),
        ("Sure.", "Sure.", "Sure."),
        ("Line one\n", "Line two", "Line one\nLine two"),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_seams(said: str, text: str, whole: str, step: int) -> None:
    assert joined(said, text, step) == whole


def test_decides_with_the_first_word() -> None:
    """A continuation is held back only while it may be a repetition."""
    joint = Joint("Sure, we open at")
    assert joint.feed("w") == ""
    assert joint.feed("ell") == " well"
    assert joint.feed(" we") == " we"


words = st.lists(st.text("abcdefgh", min_size=1, max_size=6), min_size=2, max_size=30, unique=True)


@given(words=words, data=st.data(), step=st.integers(1, 30))
def test_any_overlap_is_taken_off(words: list[str], data: st.DataObject, step: int) -> None:
    """However many of the last words are repeated, the whole reads as if nothing had happened."""
    cut = data.draw(st.integers(1, len(words) - 1))
    again = data.draw(st.integers(0, cut))
    said = " ".join(words[:cut]) + " "
    assert joined(said, " ".join(words[cut - again :]), step) == " ".join(words)


@given(said=st.text("ab .,1é", max_size=40), text=st.text("ab .,1é", max_size=60), step=st.integers(1, 60))
def test_pieces_do_not_matter(said: str, text: str, step: int) -> None:
    """The result does not depend on how the stream is cut, is an end of what came, and adds at most one space."""
    whole = joined(said, text)
    assert joined(said, text, step) == whole
    added = whole[len(said) :]
    assert text.endswith((added.removeprefix(" "), added))


@given(said=st.lists(st.text("abc", min_size=1), min_size=1), text=st.lists(st.text("xyz", min_size=1), min_size=1))
def test_no_word_is_lost_without_overlap(said: list[str], text: list[str]) -> None:
    assert joined(" ".join(said), " ".join(text)).split() == [*said, *text]
