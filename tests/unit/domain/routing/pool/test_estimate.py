"""What is believed of one deployment."""

import math
import random
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.domain.routing.pool.estimate import (
    HANG_MEMORY_S,
    LEAST_NOISE,
    MOST_NOISE,
    PRIOR_HANG,
    PRIOR_NOISE,
    PRIOR_SECONDS,
    REGIME_S,
    Commons,
    Estimate,
)


def median_s(estimate: Estimate, now: float) -> float:
    return math.exp(estimate.outlook(now).location)


def answering(seconds: float, *, noise: float = 0.2, answers: int = 60, commons: Commons | None = None) -> Estimate:
    """One that answered so once a second from 0 on."""
    made, draw = Estimate(commons), random.Random(1)
    for at in range(answers):
        made.took(math.log(seconds) + draw.gauss(0.0, noise), float(at))
    return made


@pytest.mark.parametrize("seconds", [0.15, 0.4, 0.9, 3.0])
def test_the_median_is_learned_from_answers(seconds: float) -> None:
    """Within 15 %, wherever between a small and a reasoning model it lies."""
    assert median_s(answering(seconds), 60.0) == pytest.approx(seconds, rel=0.15)


def test_what_nothing_is_known_of_is_assumed_to_be_usual_and_uncertain() -> None:
    """The spread says that the location is a guess."""
    assert median_s(Estimate(), 0.0) == pytest.approx(PRIOR_SECONDS, rel=0.05)
    assert Estimate().outlook(0.0).spread > 3 * answering(0.5).outlook(60.0).spread


def test_a_jump_up_is_followed_though_no_request_is_waited_for_to_its_end() -> None:
    """Cut at 0.6 s each time: an average of answers would never move."""
    estimate = answering(0.3)
    for at in range(6):
        estimate.waited(math.log(0.6), 60.0 + at)
    assert median_s(estimate, 66.0) > 0.55
    assert estimate.streak >= 2


def test_one_cut_is_not_yet_a_jump() -> None:
    """It may be a hang."""
    estimate = answering(0.3)
    estimate.waited(math.log(0.9), 60.0)
    assert median_s(estimate, 60.0) < 0.45


def test_a_jump_down_is_followed_within_a_few_answers() -> None:
    estimate = answering(1.2)
    for at in range(3):
        estimate.took(math.log(0.3), 60.0 + at)
    assert median_s(estimate, 63.0) < 0.4
    assert estimate.streak == 0


def test_a_spike_moves_the_belief_only_for_a_moment() -> None:
    """One late answer, then as ever."""
    estimate = answering(0.3)
    estimate.took(math.log(3.0), 60.0)
    estimate.took(math.log(0.3), 61.0)
    assert median_s(estimate, 62.0) == pytest.approx(0.3, rel=0.15)


def test_after_minutes_of_silence_the_belief_is_back_at_the_deployments_habits() -> None:
    """It was slow the last time it was looked at, and is fast as a rule."""
    estimate, draw = Estimate(), random.Random(2)
    for look in range(12):
        for at in range(10):
            estimate.took(math.log(0.3) + draw.gauss(0.0, 0.2), look * 300.0 + at)
    for at in range(10):
        estimate.took(math.log(1.5) + draw.gauss(0.0, 0.2), 4000.0 + at)
    assert median_s(estimate, 4010.0) > 1.2
    assert median_s(estimate, 4010.0 + 5 * REGIME_S) < 0.6
    assert estimate.outlook(4010.0 + 5 * REGIME_S).spread > 2 * estimate.outlook(4010.0).spread


def test_one_that_was_never_asked_is_assumed_to_be_like_the_others() -> None:
    commons = Commons()
    for _ in range(20):
        answering(1.5, answers=5, commons=commons)
    assert median_s(Estimate(commons), 0.0) > 1.2


@pytest.mark.parametrize(("noise", "least", "most"), [(0.12, LEAST_NOISE, 0.18), (0.4, 0.3, 0.5)])
def test_the_noise_from_request_to_request_is_learned(noise: float, least: float, most: float) -> None:
    """Away from the prior on either side."""
    learned = answering(0.5, noise=noise, answers=200).noise
    assert least <= learned <= most
    assert (learned < PRIOR_NOISE) == (noise < PRIOR_NOISE)


def test_the_noise_stays_within_what_networks_and_mixtures_have() -> None:
    """A metronome is given the least."""
    assert answering(0.5, noise=0.0, answers=300).noise >= LEAST_NOISE
    assert answering(0.5, noise=2.0, answers=300).noise <= MOST_NOISE


def hanging(estimate: Estimate, share: float, requests: int, begin: float) -> float:
    """Requests, one a second, of which evenly a share hangs; when it is over."""
    for at in range(requests):
        now = begin + at
        if int(at * share) < int((at + 1) * share):
            estimate.waited(math.log(4.0), now)
        else:
            estimate.took(math.log(0.3), now)
    return begin + requests


def test_the_share_of_hangs_is_learned() -> None:
    """More for one that hangs every fifth time than for one that never does."""
    often, never = Estimate(), Estimate()
    hanging(often, 0.2, 200, 0.0)
    hanging(never, 0.0, 200, 0.0)
    assert 0.12 < often.hang < 0.25
    assert never.hang < PRIOR_HANG


def test_the_share_of_hangs_of_one_that_little_is_known_of_is_what_all_have() -> None:
    commons = Commons()
    hanging(Estimate(commons), 0.3, 300, 0.0)
    fresh = Estimate(commons)
    assert fresh.hang == commons.hang > 5 * PRIOR_HANG
    fresh.took(math.log(0.3), 0.0)
    assert fresh.hang == pytest.approx(commons.hang, rel=0.05)


def test_hangs_are_forgotten_after_an_outage() -> None:
    """One answer after half an hour, and it is trusted nearly as much as all the others."""
    commons = Commons()
    estimate = Estimate(commons)
    for at in range(100):
        estimate.failed(float(at))
    for _ in range(4):
        answering(0.3, answers=100, commons=commons)
    assert estimate.hang > commons.hang + 0.3
    estimate.took(math.log(0.3), 100.0 + 6 * HANG_MEMORY_S)
    assert estimate.hang < commons.hang + 0.02


def test_a_failure_counts_as_a_hang_and_says_nothing_about_the_time() -> None:
    estimate = answering(0.3)
    hang, median = estimate.hang, median_s(estimate, 60.0)
    for at in range(5):
        estimate.failed(60.0 + at)
    assert estimate.hang > hang + 0.02
    assert median_s(estimate, 65.0) == pytest.approx(median, rel=0.1)


def test_a_wait_that_answers_would_have_outlasted_says_nothing() -> None:
    """Cancelled after a third of its usual time: neither slow nor in a row of cuts, nor hung."""
    estimate = answering(0.9)
    hang, median = estimate.hang, median_s(estimate, 60.0)
    for at in range(20):
        estimate.waited(math.log(0.3), 60.0 + at)
    assert estimate.streak == 0
    assert median_s(estimate, 80.0) == pytest.approx(median, rel=0.15)
    assert estimate.hang < hang + 0.02


def test_an_answer_ends_a_row_of_cuts() -> None:
    estimate = answering(0.3)
    estimate.waited(math.log(2.0), 60.0)
    estimate.waited(math.log(2.0), 61.0)
    assert estimate.streak == 2
    estimate.took(math.log(0.3), 62.0)
    assert estimate.streak == 0


def test_memory_does_not_grow_with_samples() -> None:
    """The state is a fixed number of levels and numbers."""

    def held(estimate: Estimate) -> int:
        return sum(sys.getsizeof(getattr(estimate, name)) for name in Estimate.__slots__)

    assert held(answering(0.3, answers=2000)) <= held(answering(0.3, answers=20)) + 8


def test_an_older_sample_from_another_replica_does_not_turn_time_back() -> None:
    estimate = answering(0.3)
    at = estimate.at
    estimate.took(math.log(0.3), 10.0)
    assert estimate.at == at


events = st.tuples(
    st.sampled_from(["took", "waited", "failed"]),
    st.floats(min_value=-7.0, max_value=5.0),
    st.floats(min_value=-60.0, max_value=5000.0),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(events, max_size=40))
def test_the_belief_is_a_distribution_whatever_comes(told: list[tuple[str, float, float]]) -> None:
    """Also after times that no level explains, and out of order."""
    estimate, now = Estimate(), 0.0
    for what, log_seconds, later in told:
        now = max(0.0, now + later)
        if what == "failed":
            estimate.failed(now)
        else:
            getattr(estimate, what)(log_seconds, now)
        for belief in (estimate.belief, estimate.habits, estimate.expected(now + 30.0), estimate.commons.levels):
            assert np.all(belief >= 0)
            assert float(belief.sum()) == pytest.approx(1.0)
        outlook = estimate.outlook(now + 30.0)
        assert all(math.isfinite(each) for each in (outlook.location, outlook.spread))
        assert LEAST_NOISE <= outlook.noise <= MOST_NOISE
        assert 0.0 <= outlook.hang <= 1.0
