"""How much the caller has heard, by the carrier's marks and by the clock between them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.apps.agent.playback import MARK_EVERY_S, OVERDUE_S, Playback

CHUNK_S = 0.04


def talk(playback: Playback, chunks: int, now: float = 0.0) -> list[tuple[str, float]]:
    """Chunks sent at once; the marks behind them, with the seconds sent before each."""
    marks = []
    for _ in range(chunks):
        name = playback.send(CHUNK_S, now)
        if name:
            marks.append((name, playback.sent))
    return marks


def test_without_marks_the_clock_tells() -> None:
    """What was sent plays at its own speed."""
    playback = Playback()
    talk(playback, 25)
    assert playback.played(0.0) == pytest.approx(0.0)
    assert playback.played(0.3) == pytest.approx(0.3)
    assert playback.played(5.0) == pytest.approx(1.0)


def test_marks_are_due_in_steady_intervals() -> None:
    positions = [0.0, *(position for _, position in talk(Playback(), 25))]
    steps = [after - before for before, after in itertools.pairwise(positions)]
    assert len(steps) >= 4
    assert all(MARK_EVERY_S - 1e-6 <= step <= MARK_EVERY_S + CHUNK_S + 1e-6 for step in steps)


def test_a_mark_that_is_not_back_says_that_its_audio_is_not_played() -> None:
    """A carrier with a delay of 300 ms: the clock alone would say more than was heard."""
    playback = Playback()
    (first, at), (_, next_at), *_ = talk(playback, 25)
    playback.returned(first, at + 0.3)
    assert playback.played(at + 0.3) == pytest.approx(at)
    assert playback.played(at + 0.4) == pytest.approx(at + 0.1)
    assert playback.played(at + 1.0) == pytest.approx(next_at)


def test_a_mark_counts_for_those_before_it() -> None:
    playback = Playback()
    marks = talk(playback, 25)
    playback.returned(marks[-1][0], marks[-1][1])
    playback.returned(marks[0][0], 1.2)
    assert playback.played(1.2) == pytest.approx(1.0)


def test_marks_that_come_back_because_of_a_clear_say_nothing() -> None:
    """What was cleared was dropped, and what comes after it begins anew."""
    playback = Playback()
    marks = talk(playback, 25)
    playback.cleared(0.5)
    for name, _ in marks:
        playback.returned(name, 0.5)
    talk(playback, 10, now=1.0)
    assert playback.played(1.0) == pytest.approx(1.0)
    assert playback.played(1.2) == pytest.approx(1.2)


def test_a_carrier_that_returns_no_marks_any_more_does_not_hold_words_back_for_ever() -> None:
    playback = Playback()
    marks = talk(playback, 25)
    playback.returned(marks[0][0], marks[0][1])
    assert playback.played(1.0) == pytest.approx(marks[1][1])
    assert playback.played(marks[1][1] + OVERDUE_S + 0.1) == pytest.approx(1.0)


def test_a_strangers_mark_says_nothing() -> None:
    playback = Playback()
    talk(playback, 25)
    playback.returned("another agent's", 0.0)
    assert playback.played(0.0) == pytest.approx(0.0)


@given(st.floats(0.0, 0.6), st.integers(1, 60), st.floats(0.0, 3.0))
def test_never_more_than_was_heard_once_marks_came_back(delay: float, chunks: int, moment: float) -> None:
    """A carrier that plays everything `delay` later, and returns its marks then."""
    playback = Playback()
    marks = talk(playback, chunks)
    returned = [(name, at) for name, at in marks if at + delay <= moment]
    for name, at in returned:
        playback.returned(name, at + delay)
    heard = min(max(0.0, moment - delay), chunks * CHUNK_S)
    if returned:
        assert playback.played(moment) <= heard + 0.001
        assert playback.played(moment) >= heard - MARK_EVERY_S - CHUNK_S
