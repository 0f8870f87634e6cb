"""What other tools would have said of the same world: each a number that grows, and fails the canary above a threshold.

The threshold is set on calm rollouts of identical arms so that as many of them fail as our judge fails of the same.
None of them has such a setting; a user who sets its numbers by thousands of trials would end there at best.

- `flagger`: canary analysis once a minute; rolled back at the fifth failed check. A check fails when the canary's mean
  of that minute is above a fixed value, so many standard deviations above what stable has on calm days (tuned).
- `argo`: one measurement a minute, failed when the canary's mean is more than the margin above that; aborted after
  `failureLimit` (tuned) failed ones.
- `kayenta`: Mann-Whitney of all canary calls against all stable ones, looked at again and again (tuned level).
- `kayenta_5_percent`: the same at the level it comes with, untuned.
- `fixed`: one z-test after so many calls that it finds this world's regression in 99 of 100 rollouts, which nobody
  knows beforehand, at alpha shared over the signals.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from tests.bench.report import rounded
from tests.bench.verdict.draws import CLASSES, Counts, Draws, blocks, calm
from tests.bench.verdict.signals import Floats, badness
from tests.bench.verdict.world import World

CHECKS = 5
"""Failed checks until Flagger rolls back."""

POWER = 0.99
"""Of the fixed-sample test."""

NOMINAL = NormalDist().inv_cdf(0.95)
"""Kayenta's default level, 5 %, one-sided."""

WARM_UP = 5
"""Canary calls before anyone may fail it, as with us."""

VALUES = np.arange(CLASSES) / (CLASSES - 1)


@dataclass(frozen=True)
class Paths:
    """A baseline's numbers of (rollout, look), and the canary calls at each look."""

    numbers: Floats
    calls: Floats


def compare(world: World, rollouts: int, false_alarms: float) -> dict[str, dict[str, Any]]:
    """Each baseline's failed share, median calls to Fail, and share of false alarms on calm rollouts.

    Args:
        world: what is played.
        rollouts: how many.
        false_alarms: share of calm rollouts that may fail.
    """
    quiet, real = _paths(calm(world), world, rollouts, 1), _paths(world, world, rollouts, 2)
    found = {}
    for name, path in real.items():
        final = quiet[name].numbers.max(axis=1)
        threshold = np.sort(final)[::-1][math.floor(false_alarms * rollouts)]
        found[name] = _said(path, threshold, final)
    found["kayenta_5_percent"] = _said(real["kayenta"], NOMINAL, quiet["kayenta"].numbers.max(axis=1))
    return found


def _said(path: Paths, threshold: float, calm_final: Floats) -> dict[str, Any]:
    over = path.numbers > threshold
    failed = over.any(axis=1)
    calls = np.where(failed, path.calls[over.argmax(axis=1)], np.inf)
    median = float(np.median(calls))
    return {
        "failed": round(float(failed.mean()), 4),
        "median_calls_to_fail": median if math.isfinite(median) else None,
        "false_alarms_when_calm": rounded(float((calm_final > threshold).mean()), 4),
    }


def _paths(world: World, tuned_for: World, rollouts: int, seed: int) -> dict[str, Paths]:
    """Every baseline's numbers, from the same calls."""
    draws, before, classes = Draws(world, rollouts, seed), 0, []
    shape = (rollouts, len(world.signals), CLASSES)
    canary, stable = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    looks = blocks(world.max_canary_calls)
    ranks, means = np.zeros((rollouts, len(looks))), np.zeros((rollouts, len(looks)))
    for index, after in enumerate(looks):
        seen = draws.block(before, after)
        canary, stable, before = canary + seen.canary, stable + seen.stable, after
        classes.append(seen.classes)
        if after >= WARM_UP:
            ranks[:, index] = _mann_whitney(canary, stable).max(axis=1)
            means[:, index] = _difference(canary, stable).max(axis=1)
    calls = np.array(looks, dtype=float)
    planned = min(int(np.searchsorted(looks, _sample_size(tuned_for))), len(looks) - 1)
    return {
        "kayenta": Paths(ranks, calls),
        "fixed": Paths(means[:, [planned]], calls[[planned]]),
        **_minutely(VALUES[np.concatenate(classes, axis=1)], world),
    }


def _mann_whitney(canary: Counts, stable: Counts) -> Floats:
    """The z of the canary's calls ranking above stable's, ties corrected, of (rollout, signal)."""
    ours, theirs = canary.sum(-1), stable.sum(-1)
    below = np.cumsum(stable, axis=-1) - stable / 2
    excess = (canary * below).sum(-1) - ours * theirs / 2
    ties, every = (canary + stable).astype(float), (ours + theirs).astype(float)
    spread = ours * theirs / 12 * (every + 1 - (ties**3 - ties).sum(-1) / (every * np.maximum(every - 1, 1)))
    return excess / np.sqrt(np.maximum(spread, 1e-12))


def _difference(canary: Counts, stable: Counts) -> Floats:
    """The z of the difference of means, with the variance of all calls, of (rollout, signal)."""
    ours, theirs, every = canary.sum(-1), stable.sum(-1), (canary + stable).sum(-1)
    mean = ((canary + stable) @ VALUES) / every
    variance = ((canary + stable) @ VALUES**2) / every - mean**2
    apart = canary @ VALUES / ours - stable @ VALUES / np.maximum(theirs, 1)
    return apart / np.sqrt(np.maximum(variance, 1e-12) * (1 / ours + 1 / np.maximum(theirs, 1)))


def _sample_size(world: World) -> float:
    """Canary calls of the test that is planned with this world's regression known."""
    needed = NormalDist().inv_cdf(1 - world.alpha / len(world.signals)) + NormalDist().inv_cdf(POWER)
    start, (stable, canary) = max(world.regimes, key=lambda each: each[1][0] != each[1][1])
    sizes = [float(world.max_canary_calls)]
    for signal in world.signals:
        good, bad = badness(stable, signal), badness(canary, signal)
        if bad.mean > good.mean:
            variance = bad.variance + good.variance * world.share / (1 - world.share)
            sizes.append(start + math.ceil(variance * (needed / (bad.mean - good.mean)) ** 2))
    return max(WARM_UP, min(sizes))


def _minutely(values: Floats, world: World) -> dict[str, Paths]:
    """Flagger and Argo, who look at the canary's calls of one minute at a time.

    Args:
        values: badness of (rollout, canary call, signal).
        world: whose stable arm is what they know.
    """
    together = max(1, round(world.calls_per_hour * world.share / 60))
    checks = values.shape[1] // together
    minutes = values[:, : checks * together].reshape(len(values), checks, together, -1).mean(axis=2)
    known = [badness(world.regimes[0][1][0], each) for each in world.signals]
    above = minutes - np.array([each.mean for each in known])
    worst = (above / np.sqrt([each.variance for each in known])).max(axis=2)
    failed = (above > np.array([each.margin for each in world.signals])).any(axis=2)
    calls = np.arange(1, checks + 1, dtype=float) * together
    return {"flagger": Paths(_running(worst, CHECKS), calls), "argo": Paths(failed.cumsum(axis=1).astype(float), calls)}


def _running(numbers: Floats, rank: int) -> Floats:
    """The `rank`-th largest of each row up to each column; below everything while there are fewer."""
    largest, found = np.full((len(numbers), rank), -np.inf), np.empty_like(numbers)
    for column in range(numbers.shape[1]):
        lowest = largest.argmin(axis=1)
        rows = np.arange(len(numbers))
        largest[rows, lowest] = np.maximum(largest[rows, lowest], numbers[:, column])
        found[:, column] = largest.min(axis=1)
    return found
