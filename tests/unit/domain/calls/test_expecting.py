"""What is said of an answer that is not as expected."""

from typing import Any

import pytest

from understudy.domain.calls.expecting import MOST_SHOWN, Heard, pattern_unmet, quoted, unmet
from understudy.domain.calls.golden import Expectation

OPEN = Heard("We're  open until\nEleven.", ("look_up", "book"), 1200.0)
SAID = 'the assistant said "We\'re open until Eleven."'


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"contains": ["we\N{RIGHT SINGLE QUOTATION MARK}re OPEN", "until eleven"]},
        {"notContains": ["midnight"]},
        {"tools": ["look_up", "book"]},
        {"within": "1200ms"},
    ],
)
def test_what_is_met(expected: dict[str, Any]) -> None:
    """Case, spaces and the slant of an apostrophe do not matter."""
    assert unmet(Expectation.model_validate(expected), OPEN) == ()


@pytest.mark.parametrize(
    ("expected", "heard", "sentences"),
    [
        ({"contains": ["noon", "open"]}, OPEN, (f"'noon' is not in the answer; {SAID}",)),
        ({"notContains": ["Open"]}, OPEN, (f"'Open' is in the answer; {SAID}",)),
        ({"contains": ["noon"]}, Heard(" "), ("'noon' is not in the answer; the assistant said nothing",)),
        ({"tools": ["book"]}, OPEN, ("called look_up, book instead of book",)),
        ({"tools": ["book", "look_up"]}, OPEN, ("called look_up, book instead of book, look_up",)),
        ({"tools": []}, OPEN, ("called look_up, book instead of no tool",)),
        ({"tools": ["book"]}, Heard("hm"), ("called no tool instead of book",)),
        ({"within": "1199ms"}, OPEN, ("the answer began after 1200ms instead of within 1199ms",)),
        (
            {"within": "1s"},
            Heard("hm"),
            ("the answer's first sound could not be timed, and was expected within 1s",),
        ),
    ],
)
def test_what_is_not_met(expected: dict[str, Any], heard: Heard, sentences: tuple[str, ...]) -> None:
    """One sentence for each, with what came instead."""
    assert unmet(Expectation.model_validate(expected), heard) == sentences


def test_everything_that_is_not_met_is_said() -> None:
    expected = Expectation.model_validate({"contains": ["noon"], "notContains": ["open"], "tools": [], "within": "1s"})
    assert len(unmet(expected, OPEN)) == 4


def test_a_pattern_is_quoted_with_the_answer() -> None:
    assert pattern_unmet("noon$", OPEN) == f"the answer does not match 'noon$'; {SAID}"


def test_long_answers_are_cut() -> None:
    assert len(quoted("word " * 1000)) < MOST_SHOWN + 40
