"""Who listens next, and where new calls begin."""

import pytest

from understudy.base.errors import ProviderBroke, ProviderError, ProviderRefused, ProviderTimeout
from understudy.domain.speech.listen_failure import (
    FailureKind,
    TranscriberFailed,
    TranscriberSilent,
    kind_of,
    may_retry,
)
from understudy.domain.speech.provider_health import (
    BREAK_AFTER,
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    TRIAL_S,
    ProviderHealth,
    preferred,
)
from understudy.domain.speech.succession import RETRIES, Succession

REFUSED = ProviderRefused("a", "answered 401", 401)
BROKE = ProviderBroke("a", "closed the socket (1006)")
DEAF = TranscriberSilent("a", FailureKind.DEAF, "no transcript while the caller speaks")
EMPTY = TranscriberSilent("a", FailureKind.EMPTY, "empty transcripts while the caller speaks")
KEY, OTHER = ("ns", "a", "deepgram"), ("ns", "b", "azure")


def succession(count: int = 3) -> Succession:
    return Succession(range(count), budget_s=1.2)


def test_each_in_order_and_then_the_end_with_every_cause() -> None:
    chain = succession()
    assert [chain.failed(ProviderRefused(name, "no", 401), 0.0, worked=False) for name in "abc"] == [1, 2, None]
    assert str(chain.all_failed()) == "every transcriber failed: a: no; b: no; c: no"


def test_a_fallback_that_worked_is_followed_by_those_behind_it_and_then_by_those_before() -> None:
    """And never left because one before it recovered."""
    chain = succession()
    chain.failed(REFUSED, 0.0, worked=False)
    chain.works()
    assert (chain.current, chain.upcoming) == (1, 2)
    assert [chain.failed(DEAF, 60.0, worked=True), chain.failed(REFUSED, 60.1, worked=False)] == [2, 0]


def test_drop_of_one_that_worked_is_tried_again_once() -> None:
    chain = succession()
    assert [chain.failed(BROKE, 0.0, worked=True) for _ in range(RETRIES + 1)] == [0, 1]


def test_drop_of_one_that_never_worked_is_not() -> None:
    assert succession().failed(BROKE, 0.0, worked=False) == 1


def test_nothing_is_tried_again_past_the_turns_budget() -> None:
    chain = succession()
    transient = TranscriberFailed("a", FailureKind.ERROR, "overload", transient=True)
    chain.failed(REFUSED, 0.0, worked=False)
    assert chain.failed(transient, 1.3, worked=False) == 2


@pytest.mark.parametrize(
    ("cause", "worked", "again"),
    [
        (BROKE, True, True),
        (BROKE, False, False),
        (REFUSED, True, False),
        (ProviderRefused("a", "answered 503", 503), True, True),
        (ProviderRefused("a", "answered 503", 503), False, False),
        (TranscriberFailed("a", FailureKind.ERROR, "overload", transient=True), False, True),
        (TranscriberFailed("a", FailureKind.ERROR, "bad request"), True, False),
        (ProviderTimeout("a", "nothing in time"), True, False),
        (DEAF, True, False),
    ],
)
def test_what_is_worth_another_try(cause: ProviderError, worked: bool, again: bool) -> None:  # noqa: FBT001
    assert may_retry(cause, worked=worked) is again


def test_kinds() -> None:
    causes = [REFUSED, BROKE, ProviderTimeout("a", ""), DEAF]
    assert [kind_of(cause) for cause in causes] == ["refused", "closed", "open_timeout", "deaf"]


def test_no_words_by_two_is_noise() -> None:
    """The first was in order all the time; it listens again, and is not doubted any more."""
    chain = succession()
    assert chain.failed(EMPTY, 0.0, worked=True) == 1
    assert not chain.noise
    assert chain.failed(EMPTY, 1.0, worked=False) == 0
    chain.works()
    assert chain.noise


def test_no_words_where_nobody_else_can_be_asked_is_noise() -> None:
    chain = succession(1)
    assert chain.failed(EMPTY, 0.0, worked=True) == 0
    assert chain.noise


def test_one_that_found_no_words_is_believed_where_all_others_failed_for_certain() -> None:
    """No call ends for a doubt: the recogniser may be right that there was nothing to be understood."""
    chain = succession(2)
    chain.failed(REFUSED, 0.0, worked=False)
    chain.works()
    assert chain.failed(EMPTY, 5.0, worked=True) == 0
    assert chain.failed(REFUSED, 5.1, worked=False) == 1
    assert chain.noise


def test_the_call_ends_where_the_one_that_was_believed_fails_for_certain_too() -> None:
    chain = succession(2)
    chain.failed(EMPTY, 0.0, worked=True)
    chain.failed(REFUSED, 0.1, worked=False)
    assert chain.failed(REFUSED, 0.2, worked=False) is None


def test_deaf_ones_are_never_taken_for_noise() -> None:
    """One that says nothing at all is dead."""
    chain = succession(2)
    assert [chain.failed(DEAF, 0.0, worked=False), chain.failed(DEAF, 3.0, worked=False)] == [1, None]


def broken(health: ProviderHealth, now: float = 0.0) -> None:
    for _ in range(BREAK_AFTER):
        health.failed(KEY, now)


def test_one_failure_is_an_accident() -> None:
    health = ProviderHealth()
    health.failed(KEY, 0.0)
    assert preferred([KEY, OTHER], health, 0.1) == [0, 1]


def test_calls_begin_behind_one_that_fails() -> None:
    health = ProviderHealth()
    broken(health)
    assert preferred([KEY, OTHER], health, 600.0) == [1, 0]
    assert preferred([KEY], health, 600.0) == [0]


def test_it_is_probed_after_a_pause_and_then_tried_by_one_call_at_a_time() -> None:
    health = ProviderHealth()
    broken(health)
    assert not health.wants_probe(KEY, FIRST_PAUSE_S - 0.1)
    assert health.wants_probe(KEY, FIRST_PAUSE_S)
    assert not health.wants_probe(KEY, FIRST_PAUSE_S)
    health.probed(KEY)
    assert [health.admits(KEY, 3.0), health.admits(KEY, 3.0), health.admits(KEY, 3.0 + TRIAL_S)] == [True, False, True]
    health.works(KEY)
    assert [health.admits(KEY, 4.0), health.admits(KEY, 4.0)] == [True, True]


def test_pauses_between_probes_double_to_a_bound() -> None:
    health, now, pauses = ProviderHealth(), 0.0, []
    broken(health)
    for _ in range(7):
        begun = now
        while not health.wants_probe(KEY, now):
            now += 0.5
        pauses.append(now - begun)
        health.failed(KEY, now)
    assert pauses[:4] == [2.0, 4.0, 8.0, 16.0]
    assert pauses[-1] == LONGEST_PAUSE_S
