"""How much more an account takes."""

import pytest

from tests.unit.domain.routing.pool.made import NOW
from understudy.domain.routing.pool.headroom import BURST_S, HEADER_TRUST_S, Bucket, Headroom, retry_after, seconds


def said(left: str, limit: str = "100", reset: str | None = None, kind: str = "requests") -> dict[str, str]:
    headers = {f"x-ratelimit-remaining-{kind}": left, f"x-ratelimit-limit-{kind}": limit}
    return headers if reset is None else {**headers, f"x-ratelimit-reset-{kind}": reset}


def test_where_no_limit_is_known_there_is_room() -> None:
    headroom = Headroom()
    for _ in range(1000):
        headroom.spend(10_000, NOW)
    assert headroom.share(NOW, 10_000) == 1.0


def test_a_limit_by_the_minute_is_a_bucket_of_a_sixth_of_it() -> None:
    """Spent at once, refilled evenly."""
    headroom = Headroom(requests=Bucket(60.0))
    shares = []
    for _ in range(10):
        shares.append(headroom.share(NOW))
        headroom.spend(0, NOW)
    assert shares == pytest.approx([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    assert headroom.share(NOW) == headroom.share(NOW + 0.9) == 0.0
    assert headroom.share(NOW + 1.0) == pytest.approx(0.1)
    assert headroom.share(NOW + 3600) == 1.0


def test_a_small_limit_still_lets_one_request_go() -> None:
    assert Headroom(requests=Bucket(1.0)).share(NOW) == 1.0


def test_tokens_are_a_limit_of_their_own() -> None:
    """The scarcer one counts."""
    headroom = Headroom(requests=Bucket(600.0), tokens=Bucket(6000.0))
    headroom.spend(700, NOW)
    assert headroom.share(NOW, 100) == pytest.approx(0.3)
    assert headroom.share(NOW, 301) == 0.0


def test_a_prompt_that_is_larger_than_the_bucket_goes_when_it_is_full() -> None:
    """Or it would never go: a minute's limit takes it."""
    headroom = Headroom(tokens=Bucket(6000.0))
    assert headroom.share(NOW, 3000) == 1.0
    headroom.spend(3000, NOW)
    assert headroom.share(NOW + BURST_S / 2, 3000) == 0.0
    assert headroom.share(NOW + BURST_S, 3000) == 1.0


def test_after_a_429_nothing_is_left() -> None:
    headroom = Headroom(requests=Bucket(60.0), tokens=Bucket(6000.0))
    headroom.refused(NOW)
    assert headroom.share(NOW) == 0.0
    assert 0.0 < headroom.share(NOW + 2.0) < 0.5


@pytest.mark.parametrize("kind", ["requests", "tokens"])
def test_what_headers_say_counts_for_as_long_as_they_say(kind: str) -> None:
    headroom = Headroom()
    headroom.headers(said("25", reset="2s", kind=kind), NOW)
    assert headroom.share(NOW + 1.9) == 0.25
    assert headroom.share(NOW + 2.0) == 1.0


@pytest.mark.parametrize("reset", ["6m0s", None, "-1", "soon"])
def test_a_header_is_not_trusted_for_long(reset: str | None) -> None:
    """Whatever it says, or does not."""
    headroom = Headroom()
    headroom.headers(said("0", reset=reset), NOW)
    assert headroom.share(NOW + HEADER_TRUST_S - 0.1) == 0.0
    assert headroom.share(NOW + HEADER_TRUST_S) == 1.0


def test_the_scarcer_word_of_one_answer_counts() -> None:
    headroom = Headroom()
    headroom.headers({**said("90", reset="9s"), **said("10", reset="9s", kind="tokens")}, NOW)
    assert headroom.share(NOW) == 0.1
    headroom = Headroom()
    headroom.headers({**said("10", reset="9s"), **said("90", reset="9s", kind="tokens")}, NOW)
    assert headroom.share(NOW) == 0.1


@pytest.mark.parametrize(
    "headers", [{}, said("-1"), said("7", limit="-1"), said("7", limit="0"), said("nan"), said("x")]
)
def test_headers_that_say_nothing_change_nothing(headers: dict[str, str]) -> None:
    """Azure OpenAI answers -1 where it does not know."""
    headroom = Headroom()
    headroom.headers(headers, NOW)
    assert headroom.share(NOW) == 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("1d", 86_400.0),
        ("1.5", 1.5),
        ("-1", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_reset_times_are_read_as_they_are_written(text: str | None, expected: float | None) -> None:
    assert seconds(text) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "1"}, 1.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_its_forms(headers: dict[str, str], expected: float | None) -> None:
    """A date would need a clock that agrees with the provider's: it counts as none."""
    assert retry_after(headers) == expected
