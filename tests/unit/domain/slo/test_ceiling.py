"""A proxy alone stops a canary beyond its ceiling, after few calls, and leaves any other alone."""

import random

import pytest

from tests.unit.domain.slo.calls import call, dropped
from understudy.api.rollout import LatencySlo, RatioSignal, RatioSlo, ScoreSignal, ScoreSlo, Slo
from understudy.domain.calls.observation import TurnRecord
from understudy.domain.slo.ceiling import ALPHA, CeilingWatch


def ceiling(percent: float | None, *, name: str = "dropped", dry_run: bool = False) -> Slo:
    ratio = RatioSlo(signal=RatioSignal.DROPPED_CALLS, max_percent=1, ceiling_percent=percent)
    return Slo(name=name, ratio=ratio, dry_run=dry_run)


def calls_to_stop(watch: CeilingWatch, dropping: list[bool]) -> int | None:
    """After how many of these calls the canary is stopped."""
    for number, yes in enumerate(dropping, start=1):
        if watch.add(dropped(yes=yes)):
            return number
    return None


@pytest.mark.parametrize(
    ("percent", "dropping", "expected"),
    [
        (10, [True] * 3, 3),
        (1, [True] * 3, 3),
        (25, [True] * 4, 4),
        (25, [False] + [True] * 9, 7),
        (25, [False] * 300, None),
        (25, [True, False, False, False] * 50, None),
        (None, [True] * 50, None),
        (100, [True] * 1000, None),
    ],
)
def test_a_canary_is_stopped_when_it_is_beyond_its_ceiling(
    percent: float | None, dropping: list[bool], expected: int | None
) -> None:
    """Nothing but failures stops it within four calls; a canary at its ceiling, or below it, goes on."""
    assert calls_to_stop(CeilingWatch("r", [ceiling(percent)]), dropping) == expected


def test_what_stopped_it_is_said_once_and_stands() -> None:
    """In the user's own terms; later calls change nothing."""
    watch = CeilingWatch("r", [ceiling(None, name="none"), ceiling(10)])
    said = [watch.add(dropped(yes=True, recorded_at=200.0 + number)) for number in range(5)]
    stopped = watch.stopped
    assert said == [None, None, stopped, None, None]
    assert stopped is not None
    assert stopped.model_dump() == {
        "revision": "r",
        "slo": "dropped",
        "value_percent": 100.0,
        "ceiling_percent": 10.0,
        "calls": 3,
        "at": 202.0,
    }


def test_calls_that_say_nothing_about_the_canary_are_passed_over() -> None:
    """Of other revisions, rescued by stable, or of an SLO that is only tried out."""
    watch = CeilingWatch("r", [ceiling(10)])
    for number in range(20):
        assert watch.add(dropped(yes=True, revision="stable")) is None, number
        assert watch.add(dropped(yes=True, rescued=True)) is None, number
    assert calls_to_stop(CeilingWatch("r", [ceiling(10, dry_run=True)]), [True] * 50) is None


def test_a_ceiling_on_slow_turns_and_a_floor_under_a_score_stop_too() -> None:
    """What is shown is the way it was written."""
    slow = Slo(name="slow", latency=LatencySlo(signal="Turn", threshold="1s", ceiling_percent=30))
    poor = Slo(name="poor", score=ScoreSlo(signal=ScoreSignal.COMPLETION, min_percent=90, floor_percent=60))
    late, lost = CeilingWatch("r", [slow]), CeilingWatch("r", [poor])
    for _ in range(12):
        late.add(call(turns=(TurnRecord(total_ms=5000), TurnRecord(total_ms=2000))))
        lost.add(call(completed=False))
    assert late.stopped
    assert (late.stopped.value_percent, late.stopped.ceiling_percent) == (100.0, 30.0)
    assert lost.stopped
    assert (lost.stopped.value_percent, lost.stopped.ceiling_percent) == (0.0, 60.0)


def test_a_canary_that_breaks_after_many_good_calls_is_stopped() -> None:
    """Hundreds of good calls are no credit to spend on dropping callers."""
    stopped_after = calls_to_stop(CeilingWatch("r", [ceiling(25)]), [False] * 500 + [True] * 20)
    assert stopped_after is not None
    assert stopped_after <= 515


@pytest.mark.parametrize("percent", [5, 25, 60])
def test_a_canary_at_its_ceilings_is_hardly_ever_stopped(percent: int) -> None:
    """Looked at after every call, and by two ceilings at once: not more often than alpha."""
    stops, rollouts = 0, 200
    for seed in range(rollouts):
        dice = random.Random(seed)
        watch = CeilingWatch("r", [ceiling(percent), ceiling(percent, name="again")])
        stops += calls_to_stop(watch, [dice.random() * 100 < percent for _ in range(100)]) is not None
    assert stops <= 3 * ALPHA * rollouts
