"""Samples as they travel between replicas."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.base.errors import InvalidInput
from understudy.domain.routing.pool.exchange import (
    LONGEST_KEY,
    LONGEST_S,
    MOST_SAMPLES,
    OLDEST_S,
    pack,
    shareable,
    unpack,
)
from understudy.domain.routing.pool.step import Failure, Sample

NOW = 1000.0

SAMPLES = st.builds(
    Sample,
    key=st.text(min_size=1, max_size=40),
    at=st.floats(0, NOW),
    seconds=st.none() | st.floats(0, LONGEST_S),
    censored=st.booleans(),
    cold_tokens=st.integers(0, 200_000),
    failure=st.none() | st.sampled_from(Failure),
    retry_after_s=st.none() | st.floats(0, 600),
)


@given(st.lists(SAMPLES, max_size=20), st.floats(-1e9, 1e9))
def test_samples_arrive_as_they_left_on_the_receivers_clock(samples: list[Sample], elsewhere: float) -> None:
    """Only ages travel, so the receiver's clock may be any."""
    batch = unpack(pack("r1", samples, NOW))
    assert batch.replica == "r1"
    for sent, found in zip(samples, batch.samples(elsewhere), strict=True):
        assert elsewhere - found.at == pytest.approx(NOW - sent.at, abs=1e-3)
        assert (found.key, found.seconds, found.censored) == (sent.key, sent.seconds, sent.censored)
        assert (found.cold_tokens, found.failure, found.retry_after_s) == (
            sent.cold_tokens, sent.failure, sent.retry_after_s,
        )  # fmt: skip


def test_a_time_from_the_future_or_long_past_is_clamped() -> None:
    ahead, behind = unpack(pack("r", [Sample("a", NOW + 50), Sample("b", NOW - 1e6)], NOW)).samples(0.0)
    assert (ahead.at, behind.at) == (0.0, -OLDEST_S)


def row(**changes: object) -> list[object]:
    fields = {"key": "k", "age": 1.0, "seconds": 0.5, "censored": False, "cold": 0, "failure": None, "retry": None}
    return list({**fields, **changes}.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": ""},
        {"key": "k" * (LONGEST_KEY + 1)},
        {"age": -1},
        {"age": math.inf},
        {"seconds": math.nan},
        {"seconds": -0.1},
        {"seconds": LONGEST_S + 1},
        {"cold": -1},
        {"failure": "sabotage"},
        {"retry": -5},
    ],
)
def test_what_no_replica_would_say_is_refused(wrong: dict[str, object]) -> None:
    """A stranger with access to the store must not teach us nonsense."""
    assert unpack(json.dumps({"replica": "r", "rows": [row()]}).encode()).rows
    with pytest.raises(InvalidInput):
        unpack(json.dumps({"replica": "r", "rows": [row(**wrong)]}).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b'{"replica": "r"}',
        b'{"replica": "", "rows": []}',
        b'{"version": 2, "replica": "r", "rows": []}',
        json.dumps({"replica": "r", "rows": [row()] * (MOST_SAMPLES + 1)}).encode(),
    ],
)
def test_what_is_no_batch_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        unpack(body)


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (None, True),
        (Failure.SERVER, True),
        (Failure.RATE_LIMITED, True),
        (Failure.AUTH, False),
        (Failure.REQUEST, False),
    ],
)
def test_what_is_ones_own_is_not_told(failure: Failure | None, *, told: bool) -> None:
    """A key that was refused here may be fresh there."""
    assert shareable(Sample("k", NOW, failure=failure)) is told
