"""How much faster than real time audio is taken."""

import pytest

from understudy.apps.simulator.pace import Pace
from understudy.apps.simulator.script import TranscriberSettings
from understudy.base.clock import ManualClock


def taken_s(rate: float, *, allowed: float, burst_s: float, ahead_s: float | None = None) -> float:
    """Seconds of a stream sent at `rate` until it is refused; 60 where it is not."""
    clock = ManualClock()
    pace = Pace(clock, TranscriberSettings(ahead_s=ahead_s), allowed, burst_s)
    for step in range(600):
        if not pace.takes(0.1 * rate):
            return step * 0.1
        clock.advance(0.1)
    return 60.0


@pytest.mark.parametrize(
    ("rate", "allowed", "burst_s", "taken"),
    [(1.0, 1.25, 1.0, 60.0), (1.25, 1.25, 1.0, 60.0), (1.5, 1.25, 1.0, 3.6), (3.0, 2.0, 5.0, 4.8), (10, 1.25, 0, 0)],
)
def test_audio_is_refused_once_it_runs_further_ahead_than_the_burst(
    rate: float, allowed: float, burst_s: float, taken: float
) -> None:
    """At the allowed rate for ever; faster for as long as the burst lasts."""
    assert taken_s(rate, allowed=allowed, burst_s=burst_s) == pytest.approx(taken, abs=0.25)


def test_the_script_may_allow_more() -> None:
    """`aheadS` stands in for the provider's burst."""
    assert taken_s(10, allowed=1.25, burst_s=0, ahead_s=600) == 60.0


def test_a_pause_gives_back_no_more_than_the_burst() -> None:
    """An hour of silence does not allow an hour at once."""
    clock = ManualClock()
    pace = Pace(clock, TranscriberSettings(), 1.25, 1.0)
    clock.advance(3600)
    assert pace.takes(0.9)
    assert not pace.takes(0.9)
