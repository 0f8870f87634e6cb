"""What turns are held to."""

import random

import pytest

from understudy.domain.routing.pool.aim import FIRST_S, LEAST_S, Aim


def stream(median: float, turns: int, seed: int = 5) -> list[float]:
    draw = random.Random(seed)
    return [median * draw.lognormvariate(0.0, 0.3) for _ in range(turns)]


@pytest.mark.parametrize("median", [0.2, 0.5, 1.0])
def test_the_aim_is_the_time_that_95_in_100_turns_keep(median: float) -> None:
    """Learned to 12 % within a few thousand turns."""
    aim, taken = Aim(), stream(median, 6000)
    for each in taken:
        aim.turn(each, 5.0)
    assert aim.seconds == pytest.approx(sorted(taken)[int(0.95 * len(taken))], rel=0.12)


def test_the_aim_follows_when_everything_becomes_slower() -> None:
    aim = Aim()
    for each in stream(0.3, 2000):
        aim.turn(each, 5.0)
    before = aim.seconds
    for each in stream(0.9, 2000):
        aim.turn(each, 5.0)
    assert aim.seconds > 2 * before


def test_the_aim_stays_below_the_budget_and_above_a_round_trip() -> None:
    """However late or early turns are."""
    aim = Aim()
    for _ in range(3000):
        aim.turn(9.0, 0.8)
    assert aim.seconds == 0.8
    for _ in range(9000):
        aim.turn(0.01, 0.8)
    assert aim.seconds == LEAST_S


def test_one_turn_moves_a_settled_aim_little() -> None:
    aim = Aim(turns=100_000)
    aim.turn(5.0, 5.0)
    assert FIRST_S < aim.seconds < 1.02 * FIRST_S
