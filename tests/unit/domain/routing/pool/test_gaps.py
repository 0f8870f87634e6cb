"""How long a stream may be silent."""

from understudy.domain.routing.pool.gaps import LEAST_S, MOST_S, Gaps


def after(*silences: float) -> Gaps:
    gaps = Gaps()
    for each in silences:
        gaps.learn(each)
    return gaps


def test_a_steady_stream_has_stalled_after_the_least_silence() -> None:
    assert after(*[0.05] * 100).limit_s() == LEAST_S


def test_a_stream_that_pauses_is_given_longer() -> None:
    """More for long pauses and more for uneven ones; never more than a caller bears."""
    even, uneven = after(*[0.9] * 200), after(*[0.3, 1.5] * 100)
    assert LEAST_S < uneven.limit_s() <= MOST_S
    assert even.limit_s() < uneven.limit_s()
    assert after(*[60.0] * 200).limit_s() == MOST_S


def test_one_stall_does_not_teach_to_wait_for_the_next() -> None:
    """It enters as no more than the limit of its time."""
    gaps = after(*[0.05] * 100)
    gaps.learn(600.0)
    assert gaps.limit_s() < 1.5


def test_what_is_known_is_forgotten_for_what_comes() -> None:
    """Thirty responses later the old ones count for little."""
    assert after(*[0.9] * 200, *[0.05] * 150).limit_s() == LEAST_S
