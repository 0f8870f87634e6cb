"""Ejecting and letting back in."""

import random

import pytest

from tests.unit.domain.routing.pool.made import NOW
from understudy.domain.routing.pool.breaker import (
    AUTH_S,
    JITTER,
    LONGEST_RATE_LIMIT_S,
    MIN_VOLUME,
    PROBE_S,
    RATE_LIMIT_S,
    Breaker,
    State,
)
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.step import Failure

SETTINGS = PoolSettings(breaker_failures=3, breaker_open_s=10.0, breaker_longest_s=60.0)


def fail(
    breaker: Breaker,
    failure: Failure = Failure.SERVER,
    now: float = NOW,
    retry_after_s: float | None = None,
    seed: int = 1,
) -> bool:
    return breaker.failed(failure, now, SETTINGS, random.Random(seed), retry_after_s)


def ejected(now: float = NOW, seed: int = 1) -> Breaker:
    breaker = Breaker()
    for _ in range(3):
        fail(breaker, now=now, seed=seed)
    return breaker


def test_failures_in_a_row_eject() -> None:
    """And only the last of them says so."""
    breaker = Breaker()
    assert [fail(breaker) for _ in range(3)] == [False, False, True]
    assert (breaker.state(NOW), breaker.reason, breaker.admits(NOW)) == (State.OPEN, "failures", False)


def test_a_success_between_failures_begins_the_row_anew() -> None:
    breaker = Breaker()
    for _ in range(2):
        fail(breaker)
    breaker.succeeded(NOW)
    assert [fail(breaker) for _ in range(2)] == [False, False]
    assert breaker.state(NOW) is State.CLOSED


def test_a_rate_of_failures_ejects_though_none_are_in_a_row() -> None:
    """Two of three, after enough requests to mean anything."""
    breaker, requests = Breaker(), 0
    while breaker.state(NOW) is State.CLOSED and requests < 100:
        requests += 1
        if requests % 3:
            fail(breaker)
        else:
            breaker.succeeded(NOW)
    assert breaker.reason == "rate"
    assert requests >= MIN_VOLUME


def test_a_lower_rate_does_not_eject() -> None:
    breaker = Breaker()
    for request in range(300):
        fail(breaker) if request % 3 == 0 else breaker.succeeded(NOW)
    assert breaker.state(NOW) is State.CLOSED


def test_when_the_ejection_is_over_one_probe_at_a_time_is_admitted() -> None:
    breaker = ejected()
    later = breaker.open_until
    assert (breaker.state(later), breaker.admits(later)) == (State.HALF_OPEN, True)
    breaker.fired(later)
    assert not breaker.admits(later + 1)
    assert breaker.admits(later + PROBE_S + 1), "a probe that was never heard of again"
    breaker.withdrawn()
    assert breaker.admits(later + 1)


def test_a_successful_probe_closes_and_forgets_earlier_ejections() -> None:
    breaker = ejected()
    later = breaker.open_until
    breaker.fired(later)
    breaker.succeeded(later)
    assert (breaker.state(later), breaker.reason, breaker.ejections) == (State.CLOSED, "", 0)
    breaker.fired(later)
    assert breaker.admits(later)


def test_each_failed_probe_ejects_for_twice_as_long_up_to_a_cap() -> None:
    """Up to a fifth more by chance; one failed probe is enough."""
    breaker, now, lasted = ejected(), NOW, []
    for _ in range(5):
        lasted.append(breaker.open_until - now)
        now = breaker.open_until
        breaker.fired(now)
        assert fail(breaker, now=now)
    for got, least in zip(lasted, (10.0, 20.0, 40.0, 60.0, 60.0), strict=True):
        assert least <= got <= least * (1 + JITTER)


def test_failures_of_requests_that_were_out_already_do_not_lengthen_the_ejection() -> None:
    """Fifty calls notice the same outage: it is one, not fifty."""
    breaker = ejected()
    until = breaker.open_until
    for _ in range(50):
        assert not fail(breaker, now=NOW + 1)
    assert (breaker.open_until, breaker.ejections) == (until, 1)


def test_replicas_do_not_let_it_back_in_at_the_same_moment() -> None:
    assert len({ejected(seed=seed).open_until for seed in range(10)}) == 10


@pytest.mark.parametrize(
    ("retry_after_s", "pause_s"),
    [(None, RATE_LIMIT_S), (0.5, 0.5), (30.0, 30.0), (86_400.0, LONGEST_RATE_LIMIT_S), (0.0, 0.0)],
)
def test_a_429_pauses_for_as_long_as_it_asks(retry_after_s: float | None, pause_s: float) -> None:
    """The first one does; up to a cap."""
    breaker = Breaker()
    assert fail(breaker, Failure.RATE_LIMITED, retry_after_s=retry_after_s)
    assert breaker.open_until == NOW + pause_s
    assert not pause_s or not breaker.admits(NOW + pause_s - 0.01)
    assert breaker.admits(NOW + pause_s)


def test_an_answer_that_was_on_its_way_does_not_shorten_what_a_429_asked_for() -> None:
    """It was fired before the limit was reached."""
    breaker = Breaker()
    fail(breaker, Failure.RATE_LIMITED, retry_after_s=30.0)
    breaker.succeeded(NOW + 1)
    assert (breaker.state(NOW + 29), breaker.reason) == (State.OPEN, "rate_limited")
    breaker.succeeded(NOW + 30)
    assert breaker.state(NOW + 30) is State.CLOSED


def test_being_full_is_no_failure() -> None:
    """It does not count towards the row."""
    breaker = Breaker()
    for _ in range(10):
        fail(breaker, Failure.RATE_LIMITED, retry_after_s=0.0)
    assert (breaker.in_a_row, breaker.failing, breaker.ejections) == (0, 0.0, 0)


def test_a_refused_key_ejects_until_the_secret_changes() -> None:
    """Or for minutes, when nothing is heard of it."""
    breaker = Breaker()
    assert fail(breaker, Failure.AUTH)
    assert (breaker.reason, breaker.admits(NOW + AUTH_S - 1), breaker.admits(NOW + AUTH_S)) == ("auth", False, True)
    breaker.reset()
    assert (breaker.state(NOW), breaker.admits(NOW), breaker.reason) == (State.CLOSED, True, "")


def test_a_request_that_is_not_to_its_liking_says_nothing() -> None:
    breaker = Breaker()
    assert not any(fail(breaker, Failure.REQUEST) for _ in range(50))
    assert breaker == Breaker()


@pytest.mark.parametrize("failure", [Failure.SERVER, Failure.BROKE, Failure.MALFORMED, Failure.EMPTY])
def test_every_other_failure_counts(failure: Failure) -> None:
    breaker = Breaker()
    assert [fail(breaker, failure) for _ in range(3)] == [False, False, True]
