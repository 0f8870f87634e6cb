"""When a call that lacks a part is given up."""

from understudy.apps.proxy.patience import FAILED_S, Patience


def test_a_failure_that_lasts_ends_the_call() -> None:
    patience = Patience()
    assert not patience.over("ModelUnavailable", 100.0)
    assert not patience.over("ModelUnavailable", 100.0 + FAILED_S - 0.1)
    assert patience.over("ModelUnavailable", 100.0 + FAILED_S)


def test_a_part_that_comes_back_starts_the_count_anew() -> None:
    """One bad turn among good ones ends nothing, however often."""
    patience = Patience()
    assert not patience.over("ModelUnavailable", 100.0)
    assert not patience.over("", 103.0)
    assert not patience.over("ModelUnavailable", 100.0 + FAILED_S)
    assert patience.over("ModelUnavailable", 100.0 + 2 * FAILED_S)


def test_no_failure_is_no_reason() -> None:
    assert not Patience().over("", 1e9)
