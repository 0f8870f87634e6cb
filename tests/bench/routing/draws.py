"""Chance that does not depend on who asks: a hash of (seed, deployment, request, how often it was asked)."""

import math
from statistics import NormalDist

from tests.bench.routing.world import Segment

_MASK = (1 << 64) - 1
_LOW = (1 << 32) - 1
_quantile = NormalDist().inv_cdf

ERROR_AFTER = 0.2
"""A request that fails says so after this share of its median."""


def bits(seed: int, deployment: int, request: int, nth: int) -> int:
    """64 well-mixed bits (the finalizer of SplitMix64; Steele, Lea, Flood 2014)."""
    z = (
        seed * 0x9E3779B97F4A7C15
        + deployment * 0xD1B54A32D192ED03
        + request * 0x8CB92BA72F3D8DD7
        + nth * 0xABC98388FB8FAC03
    ) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def outcome(mixed: int, segment: Segment, hang_s: float, warm: float = 1.0) -> tuple[bool, float]:
    """(whether it answers, seconds until it answers or fails); `warm` scales the time to answer."""
    kind = (mixed >> 32) / 4294967296.0
    own = warm * segment.median_s * math.exp(segment.sigma * _quantile(((mixed & _LOW) + 0.5) / 4294967296.0))
    if kind < segment.hang:
        return True, max(own, kind / segment.hang * hang_s)
    if kind < segment.hang + segment.error:
        return False, ERROR_AFTER * segment.median_s
    return True, own
