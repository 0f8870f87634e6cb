"""What mirrored turns know, and what they may teach."""

import random

import pytest

from understudy.domain.routing.pool.knowledge import Knowledge
from understudy.domain.routing.pool.mirroring import REFUSED_S, MirrorKnowledge
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.step import Failure, Sample

SETTINGS = PoolSettings()
STABLES, OWN = "ns/sim/stable", "ns/sim/canary"


@pytest.fixture
def real() -> Knowledge:
    return Knowledge(random.Random(1))


@pytest.fixture
def mirror(real: Knowledge) -> MirrorKnowledge:
    return MirrorKnowledge(real, [STABLES], random.Random(2))


def test_nothing_is_taught_of_stables_deployments(real: Knowledge, mirror: MirrorKnowledge) -> None:
    """Neither times, nor failures that would eject them."""
    told: list[Sample] = []
    real.on_sample = told.append
    for at in range(20):
        mirror.took(Sample(STABLES, float(at), failure=Failure.BROKE), SETTINGS)
        mirror.took(Sample(STABLES, float(at), seconds=9.0), SETTINGS)
    assert real.entry(STABLES).estimate.samples == 0
    assert real.entry(STABLES).breaker.admits(20.0)
    assert mirror.entry(STABLES).estimate.samples > 0
    assert told == []


def test_the_canarys_own_are_learned_for_good_and_shared(real: Knowledge, mirror: MirrorKnowledge) -> None:
    told: list[Sample] = []
    real.on_sample = told.append
    sample = Sample(OWN, 1.0, seconds=0.4)
    mirror.took(sample, SETTINGS)
    assert real.entry(OWN).estimate.samples == 1
    assert told == [sample]


def test_a_provider_that_is_full_pauses_mirrors_and_ejects_nobody(real: Knowledge, mirror: MirrorKnowledge) -> None:
    told: list[Sample] = []
    real.on_sample = told.append
    mirror.took(Sample(OWN, 1.0, failure=Failure.RATE_LIMITED, retry_after_s=2 * REFUSED_S), SETTINGS)
    assert real.entry(OWN).breaker.admits(1.0)
    assert told == []
    assert not mirror.spare([OWN], 10, 2 * REFUSED_S)
    assert mirror.spare([OWN], 10, 1.0 + 2 * REFUSED_S)


def test_half_of_a_limit_is_left_to_callers(real: Knowledge, mirror: MirrorKnowledge) -> None:
    """Whoever spent it: the bucket is the account's."""
    mirror.entry(OWN).headroom.requests = mirror.bucket("ns/sim requests", 60.0)
    real.entry(STABLES).headroom.requests = bucket = real.bucket("ns/sim requests", 60.0)
    assert mirror.spare([OWN], 10, 0.0)
    bucket.spend(6.0, 0.0)
    assert not mirror.spare([OWN], 10, 0.0)
    assert mirror.spare([OWN], 10, 5.0)


def test_what_stables_answers_say_of_limits_counts(real: Knowledge, mirror: MirrorKnowledge) -> None:
    """A deployment that both use is known twice, but its limit is one."""
    headers = {"x-ratelimit-remaining-requests": "10", "x-ratelimit-limit-requests": "100"}
    real.entry(STABLES).headroom.headers(headers, 0.0)
    assert not mirror.spare([STABLES], 10, 1.0)
