"""The fewest canary calls in which any test at level alpha can find a regression (Wald; Garivier & Kaufmann 2016).

ln(1/alpha) / KL, where KL is the divergence, for each canary call and the stable calls that come with it, from the true
pair of arms to the nearest pair of distributions on [0, 1] in which the canary is not worse. The least divergence to a
bounded mean has a dual, the best bet: max over b of E ln(1 + b (x - m)) (Honda & Takemura 2010).
"""

import math

import numpy as np

from tests.bench.verdict.signals import Badness, Floats, badness
from tests.bench.verdict.world import Arms, Signal, World

STEPS = 60
"""Of ternary searches: each takes a third off."""


def bound_calls(world: World) -> float | None:
    """Canary calls to the first regime that is worse and then ln(1/alpha) / KL there; None where none is."""
    for start, arms in world.regimes:
        if (rate := divergence(arms, world)) > 0:
            return start + math.log(1 / world.alpha) / rate
    return None


def divergence(arms: Arms, world: World) -> float:
    """Nats that a canary call brings, by the most telling signal; 0 while the canary is not worse."""
    found = [0.0]
    for signal in world.signals:
        stable, canary = (_overall(world, arms, index, signal) for index in (0, 1))
        if canary.mean > stable.mean + signal.tolerance + 1e-12:
            found.append(_nearest(stable, canary, world.share, signal.tolerance))
    return max(found)


def _overall(world: World, arms: Arms, index: int, signal: Signal) -> Badness:
    """An arm's calls, those in hiccups among them."""
    usual = badness(arms[index], signal)
    if world.bursts is None:
        return usual
    rare, share = badness(world.bursts.arms[index], signal), world.bursts.hiccup_rate
    chances = np.concatenate([(1 - share) * usual.chances, share * rare.chances])
    return Badness(np.concatenate([usual.values, rare.values]), chances)


def _nearest(stable: Badness, canary: Badness, share: float, tolerance: float) -> float:
    """Divergence to the nearest pair of means that are `tolerance` apart."""
    low, high = stable.mean, canary.mean - tolerance
    calls = (1 - share) / share

    def at(mean: float) -> float:
        """To stable's mean at least `mean` and the canary's at most so much more."""
        down = _least(canary.values, canary.chances, mean + tolerance)
        up = _least(1 - stable.values, stable.chances, 1 - mean)
        return down + calls * up

    for _ in range(STEPS):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if at(left) < at(right) else (left, high)
    return at((low + high) / 2)


def _least(values: Floats, chances: Floats, mean: float) -> float:
    """Least divergence from a distribution to one on [0, 1] whose mean is at most `mean`."""
    if values @ chances <= mean:
        return 0.0
    low, high = 0.0, (1 - 1e-9) / mean

    def growth(stake: float) -> float:
        return float(chances @ np.log1p(stake * (values - mean)))

    for _ in range(STEPS):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if growth(left) > growth(right) else (left, high)
    return growth((low + high) / 2)
