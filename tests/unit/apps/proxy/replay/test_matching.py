"""Patterns of users are tried where they can do no harm."""

import pytest

from understudy.apps.proxy.replay import matching
from understudy.apps.proxy.replay.matching import matches


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("noon to (ten|eleven)", "We are open from Noon to Eleven.", True),
        ("^noon", "We are open from noon.", False),
        ("stra\N{LATIN SMALL LETTER SHARP S}e", "Mill Stra\N{LATIN SMALL LETTER SHARP S}e 4", True),
        ("", "", True),
    ],
)
async def test_patterns_are_searched_whatever_the_case(pattern: str, text: str, *, found: bool) -> None:
    assert await matches(pattern, text) is found


async def test_a_pattern_that_would_never_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process it would have stopped every live call."""
    monkeypatch.setattr(matching, "LONGEST_S", 0.3)
    with pytest.raises(TimeoutError):
        await matches("(a+)+$", "a" * 64 + "b")


async def test_a_process_that_breaks_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "_PROGRAM", "raise SystemExit(1)")
    with pytest.raises(OSError, match="status 1"):
        await matches("x", "x")
