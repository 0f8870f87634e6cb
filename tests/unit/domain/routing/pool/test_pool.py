"""Which deployment a request goes to."""

from collections import Counter

import pytest

from tests.unit.domain.routing.pool.made import ASK, NOW, fail, learned, pool, teach
from understudy.domain.routing.pool.breaker import Breaker, State
from understudy.domain.routing.pool.estimate import Estimate
from understudy.domain.routing.pool.exploring import FIRST_LOOKS
from understudy.domain.routing.pool.pool import POOL_TRIES, UNPROBED_S, Pool, Target
from understudy.domain.routing.pool.step import Ask, Failure, Sample, Why


def firsts(made: Pool, turns: int = 100, now: float = NOW) -> Counter[int]:
    """Where the first requests of `turns` turns go that nobody waits for."""
    return Counter(made.first(ASK, now).target for _ in range(turns))


@pytest.mark.parametrize(("seconds", "fastest"), [((0.3, 0.8), 0), ((0.8, 0.3), 1), ((0.9, 0.8, 0.3, 0.7), 2)])
def test_requests_go_to_the_fastest(seconds: tuple[float, ...], fastest: int) -> None:
    assert firsts(learned(*seconds)) == {fastest: 100}


def test_those_that_are_as_fast_share() -> None:
    counts = firsts(learned(0.3, 0.3, 0.3, 0.9))
    assert counts[3] == 0
    assert all(counts[index] > 15 for index in range(3))


def test_of_equals_the_one_with_little_headroom_gets_less() -> None:
    made = learned(0.3, 0.3)
    made.headers(0, {"x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "4"}, NOW)
    counts = firsts(made)
    assert 0 < counts[0] < counts[1] / 2


def test_the_fastest_is_not_driven_into_its_limit() -> None:
    made = pool(Target("d0", requests_per_minute=6.0), "d1")
    teach(made, 0.3, 0.5)
    taken = []
    for _ in range(3):
        choice = made.first(ASK, NOW)
        made.fired(choice.target, ASK, choice.why, NOW)
        taken.append(choice.target)
    assert taken == [0, 1, 1]


def test_deployments_of_one_account_share_its_limit() -> None:
    """Five in ten seconds for both together; another account has its own."""
    made = pool(*(Target(key, requests_per_minute=30.0, account=key[0]) for key in ("a1", "a2", "b1")))
    teach(made, 0.3, 0.3, 0.5)
    taken = []
    for _ in range(8):
        choice = made.first(ASK, NOW)
        made.fired(choice.target, ASK, choice.why, NOW)
        taken.append(made.targets[choice.target].account)
    assert taken == ["a"] * 5 + ["b"] * 3


def test_what_nothing_is_known_of_goes_in_the_users_order() -> None:
    made = pool("a", "b", "c")
    assert made.ranking() == [0, 1, 2]


def test_a_choice_looks_at_the_head_however_long_the_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: a thousand deployments are asked no more than ten are."""
    asked: list[str] = []
    outlook, admits = Estimate.outlook, Breaker.admits
    monkeypatch.setattr(Estimate, "outlook", lambda self, now: asked.append("outlook") or outlook(self, now))
    monkeypatch.setattr(Breaker, "admits", lambda self, now: asked.append("admits") or admits(self, now))

    def asked_of(size: int) -> list[str]:
        made = learned(*(0.3 + 0.01 * index for index in range(size)))
        asked.clear()
        made.turn(ASK).start(NOW)
        return list(asked)

    assert 0 < len(asked_of(1000)) <= len(asked_of(10))


def test_a_call_stays_where_its_prompt_is_cached_and_leaves_when_that_pays() -> None:
    made = learned(0.30, 0.31)
    ask = Ask("call", 4000, first_turn=False, budget_s=1.2)
    made.knowledge.warmth.served("call", "d1", 3900, NOW)
    assert made.first(ask, NOW)[:2] == (1, Why.STAY)
    teach(made, 0.30, 1.1, until=NOW + 50)
    made.knowledge.warmth.served("call", "d1", 3900, NOW + 50)
    assert made.first(ask, NOW + 50)[:2] == (0, Why.FASTEST)


def test_a_new_pool_looks_at_each_deployment_once() -> None:
    """Beside callers' requests, and not more than it can learn from."""
    made = pool(*(f"d{index}" for index in range(FIRST_LOOKS + 30)), explore_share=0.0001)
    seen = Counter[int]()
    for turn in range(400):
        choice = made.exploration(ASK, 0, NOW + turn)
        if choice is not None:
            assert choice.why is Why.EXPLORE
            seen[choice.target] += 1
    assert FIRST_LOOKS - 1 <= len(seen) <= FIRST_LOOKS
    assert set(seen.values()) == {1}


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.03, 25, 35), (0.2, 180, 220)])
def test_the_configured_share_is_explored(share: float, least: int, most: int) -> None:
    made = learned(0.3, 0.4, 0.4, explore_share=share)
    explored = sum(made.exploration(ASK, 0, NOW + 300 + turn) is not None for turn in range(1000))
    assert least <= explored <= most


def test_what_promises_most_and_was_not_seen_lately_is_explored() -> None:
    made = learned(0.5, 0.3, 2.0, explore_share=1.0)
    for index in (1, 2):
        made.entries[index].estimate.at = NOW - 600
    choice = made.exploration(ASK, 0, NOW)
    assert choice is not None
    assert choice.target == 1


def test_nothing_is_explored_while_cuts_need_what_there_is() -> None:
    made = learned(0.3, 0.4, explore_share=1.0)
    made.entries[1].estimate.at = NOW - 600
    made.spending.price = 2.0
    assert made.exploration(ASK, 0, NOW) is None


def test_what_was_ejected_is_probed_by_an_exploration_first() -> None:
    """And by a caller's request where no exploration comes."""
    made = learned(0.3, 0.6, explore_share=1.0)
    fail(made, "d0", Failure.BROKE)
    over = made.entries[0].breaker.open_until
    assert made.entries[0].breaker.state(over) is State.HALF_OPEN
    assert made.first(ASK, over).target == 1
    probe = made.exploration(ASK, 1, over)
    assert probe is not None
    assert probe.target == 0
    teach(made, 0.3, 5.0, until=over, answers=5)
    fail(made, "d0", Failure.BROKE, over)
    late = made.entries[0].breaker.open_until + UNPROBED_S
    assert made.first(ASK, late).target == 0


def test_the_plans_models_follow_the_pool_in_order() -> None:
    made = learned(*[0.3] * 8, fallbacks=("spare", "last"))
    order: list[int] = []
    for _ in range(POOL_TRIES + 2):
        found = made.following(ASK, Counter(order), frozenset(), 0.5, NOW)
        assert found is not None
        order.append(found)
    assert all(index < 8 for index in order[:POOL_TRIES])
    assert order[POOL_TRIES:] == [8, 9]


def test_when_all_are_out_they_are_asked_anyway() -> None:
    made = learned(0.3, 0.4)
    for key in ("d0", "d1"):
        fail(made, key, Failure.AUTH)
    first = made.first(ASK, NOW).target
    assert made.following(ASK, {first: 1}, frozenset(), 0.1, NOW) == 1 - first


def test_a_pool_of_one_is_asked_when_it_is_ejected() -> None:
    made = learned(0.3, explore_share=0.03)
    fail(made, "d0", Failure.BROKE)
    assert made.first(ASK, NOW).target == 0


def test_a_cut_keeps_to_floor_and_ceiling() -> None:
    quick, slow = learned(0.1, 0.1, floor_s=1.1), learned(3.0, 3.0, ceiling_s=2.5)
    assert quick.cut_s(0, ASK, NOW, 0.0) == 1.1
    assert slow.cut_s(0, ASK, NOW, 0.0) == 2.5


def test_no_turn_waits_past_its_budget_for_one_while_another_is_fast() -> None:
    """One that hung again and again is believed to be slow, and slow ones are waited for longer: within bounds."""
    made = learned(0.2, 0.3)
    for again in range(6):
        made.learn(Sample("d0", NOW + 0.1 * again, 1.2, censored=True))
    assert made.expected_s(0, ASK, NOW + 1) > ASK.budget_s
    assert made.cut_s(0, ASK, NOW + 1, 0.0) <= ASK.budget_s


@pytest.mark.parametrize("lost_s", [0.7, 1.0, 1.3, 5.0])
def test_a_turn_that_is_late_already_is_not_kept_waiting_longer(lost_s: float) -> None:
    made = learned(0.3, 0.4)
    made.entries[1].estimate.at = NOW - 3000
    assert made.cut_s(1, ASK, NOW, lost_s) <= 2.0 * made._ranked.aim.seconds


def test_a_pool_that_is_not_held_any_more_is_not_told() -> None:
    made = learned(0.3, 0.9)
    made.close()
    teach(made, 0.9, 0.2, until=NOW + 60)
    assert made.ranking() == [0, 1]
