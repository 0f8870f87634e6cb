"""Where a voice is in a text, by the words that it reports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.speech.following import Follower, atoms, has_words


def follow(text: str, reported: str) -> list[str]:
    """Stretches of `text` known to be spoken, in order; a word a second."""
    follower, found = Follower(0), []
    for second, word in enumerate(reported.split()):
        found += follower.follow(text, word, float(second), second + 1.0)
    found += follower.finish(text, len(text))
    return [text[timed.begin : timed.end].strip() for timed in found]


@pytest.mark.parametrize(
    ("text", "reported", "found"),
    [
        ("Good evening, you.", "Good evening you", ["Good", "evening,", "you."]),
        ("Good evening, you.", "good Evening, you .", ["Good", "evening,", "you."]),
        ("We have 3 rooms.", "We have three rooms", ["We", "have", "3", "rooms."]),
        ("It is $30 now", "It is thirty dollars now", ["It", "is", "$30", "now"]),
        ("Call 555-1234.", "Call five five five one two three four", ["Call", "555-1234."]),
        ("Dr. St. John", "Doctor Saint John", ["Dr. St.", "John"]),
        ("New York it is", "NewYork it is", ["New York", "it", "is"]),
        ("at eight-thirty sharp", "at eight thirty sharp", ["at", "eight-thirty", "sharp"]),
        ("Well — yes", "Well yes", ["Well —", "yes"]),
        ("你好。再见", "你 好 再 见", ["你", "好。", "再", "见"]),
    ],
)
def test_words_are_found_as_providers_report_them(text: str, reported: str, found: list[str]) -> None:
    assert follow(text, reported) == found


@pytest.mark.parametrize(
    ("text", "reported", "found"),
    [
        ("I have 1 room and one bed", "I have one", ["I", "have"]),
        ("one two three four", "one two", ["one", "two"]),
        ("one two 3 four five six", "one two three", ["one", "two"]),
    ],
)
def test_what_was_not_reported_is_not_taken_for_spoken(text: str, reported: str, found: list[str]) -> None:
    """A word found further on than the reported ones can reach, or an end that comes too early, proves nothing."""
    assert follow(text, reported) == found


def test_times_of_a_stretch_are_those_of_its_words() -> None:
    follower = Follower(0)
    follower.follow("$30 now", "thirty", 0.1, 0.5)
    follower.follow("$30 now", "dollars", 0.5, 0.9)
    found = follower.follow("$30 now", "now", 1.0, 1.2)
    assert [(timed.start, timed.stop) for timed in found] == [(0.1, 0.9), (1.0, 1.2)]


def test_a_follower_begins_where_it_is_told() -> None:
    text = "no no yes"
    (found,) = Follower(6).follow(text, "yes", 0.0, 1.0)
    assert text[found.begin : found.end] == "yes"


WORDS = st.lists(st.text("abcdeé-'.,", min_size=1, max_size=8).filter(has_words), min_size=1, max_size=12)


@given(WORDS, st.data())
def test_every_prefix_of_the_words_is_followed_exactly(words: list[str], data: st.DataObject) -> None:
    """After any number of a text's own words, exactly they are spoken."""
    text = " ".join(words)
    count = data.draw(st.integers(0, len(words)))
    follower = Follower(0)
    for number, word in enumerate(words[:count]):
        follower.follow(text, word, float(number), number + 1.0)
    assert text[: follower.position].split() == words[:count]
    assert follower.covers(text, len(text)) == (count == len(words))


@given(st.text("ab .-你好。", max_size=40))
def test_atoms_hold_all_words_of_a_text(text: str) -> None:
    spans = list(atoms(text))
    letters = "".join(text[begin:end] for begin, end in spans)
    assert [c for c in letters if c.isalnum()] == [c for c in text if c.isalnum()]
    assert all(has_words(text[begin:end]) for begin, end in spans)
