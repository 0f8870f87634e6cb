"""Calls as the baselines see them: counted by badness in few classes, so that ranks and means come cheap."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tests.bench.verdict.signals import DRAWS, tables
from tests.bench.verdict.world import World

CLASSES = 33
"""Of badness, evenly spaced from 0 to 1."""

FINE, MIDDLE = 60, 400
"""Looks come after every canary call up to the first, then every fifth up to the second, then every twentieth."""

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Seen:
    """What a block of calls brought: counts of (rollout, signal, class) and each canary call's classes."""

    canary_calls: int
    """At the end of the block."""
    canary: Counts
    stable: Counts
    classes: NDArray[np.uint8]
    """Of (rollout, call, signal)."""


def calm(world: World) -> World:
    """What a baseline can be tuned on: two arms like stable at first, and nothing else happens."""
    stable, _ = world.regimes[0][1]
    return replace(world, regimes=((0, (stable, stable)),), bursts=None)


def blocks(most: int) -> list[int]:
    """Canary calls after each look."""
    looks = [*range(1, FINE), *range(FINE, MIDDLE, 5), *range(MIDDLE, most, 20), most]
    return sorted({each for each in looks if each <= most})


class Draws:
    """Draws blocks of calls of `rollouts` rollouts; stable's come in the proportion of the weight."""

    def __init__(self, world: World, rollouts: int, seed: int) -> None:
        self._world, self._rollouts, self._dice = world, rollouts, np.random.default_rng([world.seed, seed])
        arms = [arms for _, arms in world.regimes] + ([world.bursts.arms] if world.bursts else [])
        classes = [np.rint(tables(each, world.signals) * (CLASSES - 1)).astype(np.uint8) for each in arms]
        self._tables = np.stack(classes)

    def block(self, before: int, after: int) -> Seen:
        """The canary calls from `before` to `after` and the stable ones that come with them."""
        regime = max(index for index, (start, _) in enumerate(self._world.regimes) if start <= before)
        bursts = self._world.bursts
        hiccup = self._dice.random(self._rollouts) < (bursts.hiccup_rate if bursts else 0.0)
        ratio = (1 - self._world.share) / self._world.share
        stable_calls = round(after * ratio) - round(before * ratio)
        canary = self._draw(regime, 1, after - before, hiccup)
        return Seen(after, self._count(canary), self._count(self._draw(regime, 0, stable_calls, hiccup)), canary)

    def _draw(self, regime: int, arm: int, calls: int, hiccup: NDArray[np.bool_]) -> NDArray[np.uint8]:
        signals = len(self._world.signals)
        drawn = self._dice.integers(0, DRAWS, size=(self._rollouts, calls, signals), dtype=np.uint16)
        found = np.stack([self._tables[regime, arm, each][drawn[:, :, each]] for each in range(signals)], axis=-1)
        if hiccup.any():
            others = [self._tables[-1, arm, each][drawn[hiccup][:, :, each]] for each in range(signals)]
            found[hiccup] = np.stack(others, axis=-1)
        return found

    def _count(self, classes: NDArray[np.uint8]) -> Counts:
        rollouts, _, signals = classes.shape
        rows = np.arange(rollouts * signals).reshape(rollouts, 1, signals) * CLASSES
        counted = np.bincount((rows + classes).ravel(), minlength=rollouts * signals * CLASSES)
        return counted.reshape(rollouts, signals, CLASSES)
