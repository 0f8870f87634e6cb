"""Rate limits as numbers: what is let in, how long to wait, what the headers say."""

import pytest

from understudy.apps.simulator.model.limits import Meter, duration, retry_headers
from understudy.apps.simulator.script import Limits


def test_requests_are_let_in_up_to_the_limit_and_come_back_evenly() -> None:
    """Sixty a minute, ten seconds' worth at once: ten, then one a second."""
    meter = Meter(Limits(requests_per_minute=60, burst_s=10), 0.0)
    assert [meter.spend(0, 0.0) for _ in range(11)] == [0.0] * 10 + [1.0]
    assert meter.spend(0, 0.5) == pytest.approx(0.5)
    assert meter.spend(0, 1.0) == 0.0


def test_the_scarcer_limit_decides_and_a_refused_request_costs_nothing() -> None:
    """Tokens run out before requests do."""
    meter = Meter(Limits(requests_per_minute=100, tokens_per_minute=600), 0.0)
    assert meter.spend(500, 0.0) == 0.0
    assert meter.spend(200, 0.0) == pytest.approx(10.0)
    assert meter.headers(0.0, azure=False)["x-ratelimit-remaining-requests"] == "99"


def test_a_request_larger_than_the_limit_is_let_in_when_nothing_is_used() -> None:
    """Otherwise it would wait for ever."""
    meter = Meter(Limits(tokens_per_minute=100), 0.0)
    assert meter.spend(1000, 0.0) == 0.0
    assert meter.spend(1000, 0.0) == pytest.approx(60.0)


def test_without_limits_nothing_is_refused_and_nothing_is_told() -> None:
    """As with most compatible servers."""
    meter = Meter(Limits(), 0.0)
    assert meter.spend(10**9, 0.0) == 0.0
    assert meter.headers(0.0, azure=False) == {}


@pytest.mark.parametrize(("azure", "reset"), [(False, "1s"), (True, "1")])
def test_headers_tell_limit_rest_and_reset_in_the_providers_way(reset: str, *, azure: bool) -> None:
    """Durations in words with OpenAI, whole seconds with Azure."""
    meter = Meter(Limits(requests_per_minute=60), 0.0)
    meter.spend(0, 0.0)
    assert meter.headers(0.0, azure=azure) == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": reset,
    }


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0ms"), (0.0119, "12ms"), (1, "1s"), (1.5, "1.5s"), (59, "59s"), (360, "6m0s")]
)
def test_durations_are_written_as_openai_writes_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_refusal_says_when_to_come_back_in_seconds_and_in_milliseconds() -> None:
    """Whole seconds are rounded up: coming earlier would be refused again."""
    assert retry_headers(1.2) == {"retry-after": "2", "retry-after-ms": "1200"}
