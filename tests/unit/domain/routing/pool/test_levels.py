"""What a time says about each level."""

import math

import numpy as np
import pytest

from understudy.domain.routing.pool.levels import LEVELS, LOG_MEDIANS, bell, density, later, normal


def test_levels_lie_an_eighth_apart() -> None:
    """So that a belief resolves what noise lets one tell apart."""
    assert np.exp(np.diff(LOG_MEDIANS)) == pytest.approx(np.full(LEVELS - 1, 1.13), abs=0.005)


@pytest.mark.parametrize("z", [-7.0, -3.0, -1.0, 0.0, 0.5, 2.0, 7.0])
def test_the_table_is_the_normal_distribution(z: float) -> None:
    """Also beyond its ends."""
    assert float(normal(np.array([z]))[0]) == pytest.approx(0.5 * math.erfc(-z / math.sqrt(2)), abs=0.0025)


def test_a_slower_level_is_likelier_to_take_longer() -> None:
    chance = later(math.log(0.5), 0.2)
    assert np.all(np.diff(chance) >= 0)
    assert chance[0] == pytest.approx(0.0, abs=1e-3)
    assert chance[-1] == pytest.approx(1.0, abs=1e-3)


def test_an_answer_is_likeliest_at_its_own_level() -> None:
    at = int(np.argmax(density(math.log(0.5), 0.2)))
    assert math.exp(LOG_MEDIANS[at]) == pytest.approx(0.5, rel=0.07)


def test_a_bell_is_a_belief_around_its_time() -> None:
    belief = bell(math.log(0.5), 0.3)
    assert float(belief.sum()) == pytest.approx(1.0)
    assert float(belief @ LOG_MEDIANS) == pytest.approx(math.log(0.5), abs=0.02)
