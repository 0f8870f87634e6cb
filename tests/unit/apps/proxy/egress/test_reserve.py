"""What the voice needs of a turn's budget is learned from what it took."""

import pytest

from understudy.apps.proxy.egress.reserve import PRIOR_S, Reserve


def test_a_voice_nobody_heard_has_the_usual_time() -> None:
    assert Reserve().of("ns", "voice") == PRIOR_S


def test_follows_what_it_takes() -> None:
    """Each account for itself; old times fade."""
    reserve = Reserve()
    for _ in range(100):
        reserve.learn("ns", "slow", 1.0)
    assert reserve.of("ns", "slow") == pytest.approx(1.0, abs=0.05)
    assert reserve.of("ns", "other") == reserve.of("elsewhere", "slow") == PRIOR_S
    for _ in range(100):
        reserve.learn("ns", "slow", 0.1)
    assert reserve.of("ns", "slow") == pytest.approx(0.1, abs=0.05)


def test_one_time_is_not_the_truth() -> None:
    reserve = Reserve()
    reserve.learn("ns", "voice", 1.0)
    assert PRIOR_S < reserve.of("ns", "voice") < 1.0
