"""The levels that a deployment's time to the first clause can be at, and what a time says about each of them."""

import math

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
"""One number for each level."""

LEAST_LEVEL_S = 0.06
"""Seconds; least median that is told apart from others: a small model in the same building."""

MOST_LEVEL_S = 12.0
"""Seconds; the greatest: a model that reasons before it speaks."""

LEVELS = 44
"""Every level is 13 % above the one before: a third of how much single requests vary."""

LOG_MEDIANS: Vector = np.linspace(math.log(LEAST_LEVEL_S), math.log(MOST_LEVEL_S), LEVELS)

_STEPS = 100
_REACH = 6
_TABLE: Vector = np.array(
    [0.5 * math.erfc(-at / _STEPS / math.sqrt(2.0)) for at in range(-_REACH * _STEPS, _REACH * _STEPS + 1)]
)


def normal(z: Vector) -> Vector:
    """The normal distribution function, to a part in 400."""
    # Not np.clip, which takes five times as long for so few numbers.
    at = np.minimum(np.maximum(z * _STEPS + _REACH * _STEPS, 0), 2 * _REACH * _STEPS).astype(np.intp)
    return _TABLE[at]


def later(log_seconds: float, noise: float) -> Vector:
    """Probability that a proper request takes longer than this, at each level."""
    return 1.0 - normal((log_seconds - LOG_MEDIANS) / noise)


def density(log_seconds: float, noise: float) -> Vector:
    """Density of a proper request's logarithmic time, at each level."""
    z = (log_seconds - LOG_MEDIANS) / noise
    return np.exp(-0.5 * z * z) / (noise * math.sqrt(2.0 * math.pi))


def bell(log_seconds: float, width: float) -> Vector:
    """A normal belief around a time."""
    weights = np.exp(-0.5 * ((LOG_MEDIANS - log_seconds) / width) ** 2)
    return np.asarray(weights / weights.sum())
