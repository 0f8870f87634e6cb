"""How bad the calls of an arm are, by one signal: a distribution over [0, 1], exact, and a table to draw from."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tests.bench.verdict.world import Arms, Signal

Floats = NDArray[np.float64]

DRAWS = 1 << 16
"""Entries of a table: one 16-bit random number draws a call."""

LEVELS = 64
"""Values that quality can have."""

MOST_TURNS = 40
"""Of a call; longer ones are too rare to matter."""

TOOL_CALLS = 2.0
"""Of a call, on average; at least one."""

RARE = 1e-9
"""Numbers of turns that are rarer than this are left out."""


@dataclass(frozen=True)
class Badness:
    """Values, ascending, and how likely each is."""

    values: Floats
    chances: Floats

    @property
    def mean(self) -> float:
        """Mean badness."""
        return float(self.values @ self.chances)

    @property
    def variance(self) -> float:
        """Of a call."""
        return float((self.values - self.mean) ** 2 @ self.chances)

    def table(self) -> Floats:
        """`DRAWS` equally likely values."""
        ends = np.round(np.cumsum(self.chances) * DRAWS).astype(int)
        return np.repeat(self.values, np.diff(ends, prepend=0))


def badness(arm: Mapping[str, float], signal: Signal) -> Badness:
    """The distribution of one signal over the calls of one arm.

    Raises:
        ValueError: there is no such signal.
    """
    match signal.name:
        case "turn_latency":
            keys = ("turns_mean", "latency_median_ms", "latency_sigma", "call_sigma", "hang_rate")
            return _latency(*(arm[key] for key in keys), objective_ms=signal.objective_ms)
        case "dropped":
            return Badness(np.array([0.0, 1.0]), np.array([1 - arm["drop_rate"], arm["drop_rate"]]))
        case "tool_failures":
            return _share(TOOL_CALLS, np.array([arm["tool_failure_rate"]]), np.array([1.0]))
        case "quality":
            return _beta(arm["quality_mean"], arm["quality_concentration"])
    raise ValueError(f"there is no signal {signal.name!r}")


def tables(arms: Arms, signals: tuple[Signal, ...]) -> Floats:
    """Draws of (arm, signal, number); stable is arm 0."""
    return np.stack([np.stack([badness(arm, each).table() for each in signals]) for arm in arms])


@cache
def _latency(turns: float, median_ms: float, sigma: float, call: float, hang: float, *, objective_ms: float) -> Badness:
    """Share of turns that are slow: log-normal turns around a level that the call draws, some of them hung."""
    level = np.linspace(-5, 5, 201)
    late = (math.log(objective_ms / median_ms) - call * level) / sigma
    slow = np.array([0.5 * math.erfc(each / math.sqrt(2)) for each in late])
    weights = np.exp(-(level**2) / 2)
    return _share(turns, hang + (1 - hang) * slow, weights / weights.sum())


def _share(mean: float, chance: Floats, weights: Floats) -> Badness:
    """Share of bad items among 1 + Poisson(mean - 1), each bad with a chance that is drawn once for all of them."""
    found: dict[float, float] = defaultdict(float)
    for items in range(1, MOST_TURNS):
        likely = (
            math.exp(-(mean - 1) + (items - 1) * math.log(mean - 1) - math.lgamma(items)) if mean > 1 else items == 1
        )
        if likely < RARE:
            continue
        for bad in range(items + 1):
            mixed = weights @ (chance**bad * (1 - chance) ** (items - bad))
            found[bad / items] += likely * math.comb(items, bad) * float(mixed)
    values = np.array(sorted(found))
    chances = np.array([found[each] for each in values])
    return Badness(values, chances / chances.sum())


def _beta(mean: float, concentration: float) -> Badness:
    """One minus a quality that is beta distributed."""
    values = (np.arange(LEVELS) + 0.5) / LEVELS
    density = ((1 - mean) * concentration - 1) * np.log(values) + (mean * concentration - 1) * np.log1p(-values)
    chances = np.exp(density - density.max())
    return Badness(values, chances / chances.sum())
