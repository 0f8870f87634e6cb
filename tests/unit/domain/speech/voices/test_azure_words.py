"""Azure's word boundaries as words of the text that is spoken."""

import pytest

from understudy.domain.speech.voices.azure_words import SpokenWords


def told(text: str, *reported: str) -> list[tuple[str, float]]:
    """Words with the number of the boundary that told them; the last comes with the end."""
    words = SpokenWords(text)
    found: list[tuple[str, float]] = []
    for at, part in enumerate(reported):
        complete = words.boundary(part, float(at), at + 0.5)
        found += [(word, at) for word in complete.words] if complete else []
    rest = words.rest()
    return found + ([(word, len(reported)) for word in rest.words] if rest else [])


@pytest.mark.parametrize(
    ("text", "reported", "expected"),
    [
        ("Hello there", ["Hello", "there"], [("Hello", 0), ("there", 1)]),
        ("Hello, there.", ["Hello", ",", "there", "."], [("Hello,", 0), ("there.", 2)]),
        ("Don't go", ["Don", "'t", "go"], [("Don't", 1), ("go", 2)]),
        (
            "a state-of-the-art one",
            ["a", "state", "of", "the", "art", "one"],
            [("a", 0), ("state-of-the-art", 4), ("one", 5)],
        ),
        ("Wait — what?", ["Wait", "what", "?"], [("Wait", 0), ("—", 1), ("what?", 1)]),
        ("It is 8:30 now", ["It", "is", "8:30", "now"], [("It", 0), ("is", 1), ("8:30", 2), ("now", 3)]),
        ("Pay $5 now", ["Pay", "five dollars", "now"], [("Pay", 0), ("$5", 2), ("now", 2)]),
        ("the cat the dog", ["the", "cat", "the", "dog"], [("the", 0), ("cat", 1), ("the", 2), ("dog", 3)]),
        ("salt & pepper", ["salt", "&amp;", "pepper"], [("salt", 0), ("&", 1), ("pepper", 2)]),
        ("one two", ["one"], [("one", 0), ("two", 1)]),
        ("one two", [], [("one", 0), ("two", 0)]),
        ("one", ["one", "more", "than", "written"], [("one", 0)]),
        ("", ["one"], []),
        ("I owe him and me", ["I", "me"], [("I", 0), ("owe", 2), ("him", 2), ("and", 2), ("me", 2)]),
    ],
)
def test_words_are_told_once_in_order_as_they_are_written(
    text: str, reported: list[str], expected: list[tuple[str, int]]
) -> None:
    """Each with its punctuation, as soon as its last letter is known."""
    assert told(text, *reported) == expected


def test_a_word_begins_with_its_first_part_and_ends_with_its_last() -> None:
    words = SpokenWords("well-known facts")
    assert words.boundary("well", 0.0, 0.3) is None
    found = words.boundary("known", 0.4, 0.8)
    assert found is not None
    assert (found.words, found.starts, found.ends) == (("well-known",), (0.0,), (0.8,))
