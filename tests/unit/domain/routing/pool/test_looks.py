"""Answers that are close together, and learning when nobody waits."""

from collections.abc import Callable

import pytest

from tests.unit.domain.routing.pool.made import ASK, NOW, learned, pool
from understudy.domain.routing.pool.knowledge import APART_S
from understudy.domain.routing.pool.pool import Pool
from understudy.domain.routing.pool.step import Failure, Sample


def answers(made: Pool, taken_s: float, *, apart_s: float, count: int = 20) -> None:
    """Answers of the first deployment that took `taken_s`, the last one after NOW."""
    for number in range(1, count + 1):
        made.learn(Sample("d0", NOW + number * apart_s, taken_s))


@pytest.mark.parametrize(("apart_s", "moves"), [(APART_S / 50, False), (APART_S * 1.01, True)])
def test_answers_that_come_together_are_one_look_at_a_deployment(apart_s: float, *, moves: bool) -> None:
    made = learned(0.3, 0.4)
    before = made.expected_s(0, ASK, NOW)
    answers(made, 0.9, apart_s=apart_s)
    assert (made.expected_s(0, ASK, NOW + 1) > 2 * before) is moves


def test_every_answer_counts_against_hangs() -> None:
    """Cuts are all counted, so a share of them needs all the answers as well."""
    together, apart = learned(0.3), learned(0.3)
    answers(together, 0.3, apart_s=APART_S / 50)
    answers(apart, 0.3, apart_s=APART_S * 1.01)
    assert together.entries[0].estimate.hang == pytest.approx(apart.entries[0].estimate.hang, rel=0.05)
    assert together.entries[0].estimate.samples == apart.entries[0].estimate.samples


def test_an_answer_right_after_a_cut_is_looked_at() -> None:
    """It says that the deployment does not hang."""
    made = learned(0.3)
    made.learn(Sample("d0", NOW + 0.001, 3.0, censored=True))
    assert made.entries[0].estimate.streak == 1
    made.learn(Sample("d0", NOW + 0.002, 0.3))
    assert made.entries[0].estimate.streak == 0


def test_an_answer_close_to_another_one_closes_the_breaker() -> None:
    made = learned(0.3, 0.4, breaker_failures=1)
    made.learn(Sample("d0", NOW + 0.001, failure=Failure.SERVER))
    assert made.entries[0].breaker.open_until
    made.learn(Sample("d0", NOW + 0.002, 0.3))
    assert not made.entries[0].breaker.open_until


def test_an_answer_is_learned_when_nobody_waits_and_a_cut_at_once() -> None:
    """The next deployment is chosen by what the cut says."""
    made = learned(0.3, 0.4)
    later: list[Callable[[], None]] = []
    made.knowledge.soon = later.append
    samples = [entry.estimate.samples for entry in made.entries]
    turn = made.turn(ASK)
    (first,) = turn.start(NOW + 1).fire
    (second,) = turn.tick(first.cut_at).fire
    turn.clause(second.id, first.cut_at + 0.3)
    assert [entry.estimate.samples for entry in made.entries] == [samples[0] + 1, samples[1]]
    later.pop()()
    assert made.entries[1].estimate.samples == samples[1] + 1


def test_what_is_hardly_known_is_learned_from_every_answer() -> None:
    made = pool("d0")
    before = made.expected_s(0, ASK, NOW)
    answers(made, before * 3, apart_s=APART_S / 50, count=10)
    assert made.expected_s(0, ASK, NOW + 1) > 2 * before
