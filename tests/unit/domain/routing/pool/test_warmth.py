"""Prompt caches."""

import math
import random

import pytest

from tests.unit.domain.routing.pool.made import NOW, learned
from understudy.domain.routing.pool.step import Ask, Sample, Why
from understudy.domain.routing.pool.warmth import CACHED_S, CALLS, MOST_EXPONENT, PRIOR_EXPONENT, Warmth, size

LATER = Ask(call="call", tokens=4000, first_turn=False, budget_s=1.2)


def test_what_a_deployment_served_is_warm_there_and_cold_elsewhere() -> None:
    """The dialogue that was added since is cold everywhere."""
    made = learned(0.3, 0.5)
    assert made.cold_tokens(LATER, "d0", NOW) == 4000
    made.knowledge.warmth.served("call", "d0", 3000, NOW)
    assert made.cold_tokens(LATER, "d0", NOW) == 1000
    assert made.cold_tokens(LATER, "d1", NOW) == 4000
    assert made.cold_tokens(Ask(call="another", tokens=4000), "d0", NOW) == 4000
    assert made.cold_tokens(Ask(call="call", tokens=2000), "d0", NOW) == 0


def test_a_turn_leaves_its_prompt_where_it_was_answered() -> None:
    made = learned(0.3, 0.5)
    turn = made.turn(LATER)
    (shot,) = turn.start(NOW).fire
    turn.clause(shot.id, NOW + 0.3)
    assert made.cold_tokens(LATER, made.targets[shot.target].key, NOW + 1) == 0


def test_a_prompt_is_forgotten_after_minutes() -> None:
    made = learned(0.3, 0.5)
    made.knowledge.warmth.served("call", "d0", 3000, NOW)
    assert made.cold_tokens(LATER, "d0", NOW + CACHED_S - 1) == 1000
    assert made.cold_tokens(LATER, "d0", NOW + CACHED_S) == 4000


def test_only_so_many_calls_are_remembered() -> None:
    """Those heard of last."""
    warmth = Warmth()
    warmth.served("kept", "d0", 1, NOW)
    for call in range(CALLS):
        warmth.served("kept", "d0", 1, NOW)
        warmth.served(f"call-{call}", "d0", 1, NOW)
    assert "kept" in warmth
    assert "call-0" not in warmth
    assert sum(f"call-{call}" in warmth for call in range(CALLS)) == CALLS - 1


def test_requests_of_no_call_are_not_remembered() -> None:
    warmth = Warmth()
    warmth.served("", "d0", 100, NOW)
    assert warmth.of("", NOW) is None


def test_a_call_stays_with_its_warm_prompt_where_another_is_hardly_faster() -> None:
    made = learned(0.30, 0.32)
    made.knowledge.warmth.served("call", "d1", 3900, NOW)
    (shot,) = made.turn(LATER).start(NOW).fire
    assert (shot.target, shot.why) == (1, Why.STAY)


def test_a_call_hops_where_that_pays_for_the_lost_cache() -> None:
    made = learned(0.3, 1.1)
    made.knowledge.warmth.served("call", "d1", 3900, NOW)
    (shot,) = made.turn(LATER).start(NOW).fire
    assert (shot.target, shot.why) == (0, Why.FASTEST)


def test_the_dearer_a_cold_prompt_the_better_reason_to_stay() -> None:
    """The same two deployments: a hop pays for a model that reads fast, and not for one that reads slowly."""
    stayed = []
    for exponent in (0.0, 0.9):
        made = learned(0.3, 0.55)
        made.knowledge.warmth.exponent = exponent
        made.knowledge.warmth.served("call", "d1", 4000, NOW)
        (shot,) = made.turn(LATER).start(NOW).fire
        stayed.append(shot.target == 1)
    assert stayed == [False, True]


def test_a_call_does_not_stay_where_it_would_be_refused() -> None:
    made = learned(0.30, 0.32)
    made.knowledge.warmth.served("call", "d1", 3900, NOW)
    made.entries[1].breaker.open_until = NOW + 60
    assert made.turn(LATER).start(NOW).fire[0].target == 0


@pytest.mark.parametrize("exponent", [0.0, 0.3, 0.6])
def test_what_cold_tokens_cost_is_learned(exponent: float) -> None:
    """From answers to prompts of different lengths."""
    warmth, draw = Warmth(), random.Random(4)
    for _ in range(1500):
        cold = draw.choice((200, 2000, 20_000))
        taken = draw.gauss(0.0, 0.2) + exponent * (size(cold) - size(2000))
        warmth.learn(taken - warmth.exponent * (size(cold) - size(2000)), cold, 0.05)
    assert warmth.exponent == pytest.approx(exponent, abs=0.08)


def test_prompts_of_one_size_teach_nothing_about_it() -> None:
    warmth = Warmth()
    for _ in range(100):
        warmth.learn(1.0, 1000, 0.05)
    assert warmth.exponent == PRIOR_EXPONENT


def test_the_exponent_is_at_most_proportional() -> None:
    """And never negative, whatever comes."""
    warmth = Warmth()
    for at in range(2000):
        warmth.learn(9.0 if at % 2 else -9.0, 50_000 if at % 2 else 10, 0.05)
        assert 0.0 <= warmth.exponent <= MOST_EXPONENT
    assert warmth.exponent == MOST_EXPONENT


def test_a_pool_learns_how_fast_a_deployment_is_apart_from_the_prompts_it_got() -> None:
    """It answered long prompts only; for a warm one it is believed to be faster by what they cost."""
    made = learned(0.3)
    made.knowledge.warmth.exponent = 0.5
    for at in range(30):
        made.knowledge.warmth.exponent = 0.5
        made.learn(Sample("d0", NOW + at, 0.3 * math.exp(0.5 * size(8000)), cold_tokens=8000))
    assert made.expected_s(0, Ask(tokens=0), NOW + 30) == pytest.approx(0.3, rel=0.1)
    made.knowledge.warmth.exponent = 0.5
    assert made.expected_s(0, Ask(tokens=8000), NOW + 30) == pytest.approx(0.3 * math.exp(0.5 * size(8000)), rel=0.1)
