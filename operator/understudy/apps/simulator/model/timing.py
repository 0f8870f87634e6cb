"""How long a simulated model takes to its first token."""

import random
from collections.abc import Sequence

from understudy.apps.simulator.script import Drift, ModelSettings


def first_ms(settings: ModelSettings, draw: random.Random, elapsed_s: float, tokens: int, cached: float) -> float:
    """Request → first token, milliseconds.

    Args:
        settings: the model's.
        draw: the request's chance.
        elapsed_s: seconds since the settings began, for drift.
        tokens: of the prompt.
        cached: share of them that is cached, 0 to 1.
    """
    jitter = draw.uniform(0, settings.jitter_ms)
    spread = draw.lognormvariate(0, settings.sigma) if settings.sigma else 1.0
    median = settings.first_ms * factor(settings.drift, elapsed_s)
    reading = settings.prompt_ms * tokens * (1 - cached) / 1000
    return (median * spread + jitter) * (1 - settings.cache_saves * cached) + reading


def factor(drift: Sequence[Drift], elapsed_s: float) -> float:
    """Of the median, by now: even between two points."""
    if not drift:
        return 1.0
    before = [point for point in drift if point.at_s <= elapsed_s]
    after = [point for point in drift if point.at_s > elapsed_s]
    if not before or not after:
        return (before[-1] if before else after[0]).factor
    left, right = before[-1], after[0]
    passed = (elapsed_s - left.at_s) / (right.at_s - left.at_s)
    return left.factor + (right.factor - left.factor) * passed
