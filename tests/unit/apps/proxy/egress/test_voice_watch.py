"""When a voice that owes audio has failed."""

import pytest

from understudy.apps.proxy.egress.voice_watch import LEAST_QUIET_S, MARGIN_S, MOST_QUIET_S, STALL_S, Watch
from understudy.domain.speech.pace import LONGEST_S, Onset
from understudy.domain.speech.playout import Playout

QUICK = Onset(mean=0.1, deviation=0.0, seen=10.0)


def watch(playout: Playout | None = None, successor: Onset | None = QUICK) -> Watch:
    return Watch(QUICK, successor, playout or Playout())


def test_a_late_first_audio_is_a_failure_after_what_the_voice_usually_takes() -> None:
    late = watch()
    late.began(10.0)
    assert late.deadline(10.0) == pytest.approx(10.0 + QUICK.patience)


def test_a_stall_is_noticed_after_a_short_silence_when_the_listener_runs_out() -> None:
    stalled = watch()
    stalled.began(10.0)
    assert stalled.heard(10.1) == pytest.approx(0.1)
    assert stalled.heard(10.12) is None
    assert stalled.deadline(10.12) == pytest.approx(10.12 + LEAST_QUIET_S)


def test_while_there_is_enough_to_play_a_stall_is_none() -> None:
    """Until just so much is left that the next voice's first word is there when it ends."""
    playout = Playout()
    playout.add(3.0, 10.0)
    stalled = watch(playout)
    stalled.began(10.0)
    stalled.heard(10.1)
    assert stalled.deadline(10.1) == pytest.approx(13.0 - QUICK.mean - MARGIN_S)


def test_a_voice_that_speaks_in_bursts_is_given_time() -> None:
    bursts = watch()
    bursts.began(10.0)
    for now in (10.1, 10.3, 10.5):
        bursts.heard(now)
    assert bursts.deadline(10.5) == pytest.approx(10.5 + 0.6)
    bursts.heard(20.0)
    assert bursts.deadline(20.0) == pytest.approx(20.0 + MOST_QUIET_S)


def test_the_last_voice_may_take_its_time() -> None:
    last = watch(successor=None)
    last.began(10.0)
    assert last.deadline(10.0) == pytest.approx(10.0 + LONGEST_S)
    last.heard(10.1)
    assert last.deadline(10.1) == pytest.approx(10.1 + STALL_S)


def test_after_a_rest_the_clock_starts_with_the_next_text() -> None:
    rested = watch()
    rested.began(10.0)
    rested.heard(10.1)
    rested.rested()
    rested.asked(20.0)
    assert rested.deadline(20.0) == pytest.approx(20.0 + QUICK.patience)
    assert rested.heard(20.1) == pytest.approx(0.1)
