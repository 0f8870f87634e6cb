"""What the listener still has to hear."""

import pytest

from understudy.domain.speech.playout import Playout


def test_audio_plays_one_after_the_other() -> None:
    playout = Playout()
    assert playout.add(1.0, 10.0) == 0.0
    assert playout.add(1.0, 10.5) == 0.0
    assert playout.left(11.0) == pytest.approx(1.0)
    assert playout.until == pytest.approx(12.0)


def test_a_gap_is_told() -> None:
    playout = Playout()
    playout.add(1.0, 10.0)
    assert playout.add(1.0, 11.3) == pytest.approx(0.3)
    assert playout.left(11.3) == pytest.approx(1.0)


def test_what_is_cleared_is_not_played() -> None:
    playout = Playout()
    playout.add(5.0, 10.0)
    playout.cleared(11.0)
    assert playout.left(11.0) == 0.0
