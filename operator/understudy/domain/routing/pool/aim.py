"""What a pool's turns are held to: the time that 95 in 100 of them keep, as it is at the moment.

Deployments are ranked by how likely they are to miss it. A deployment's own mean or percentile would be the wrong
measure: what the caller notices is the late turn, and what is late depends on how fast the others are.
"""

from dataclasses import dataclass

MISSES = 0.05
"""Share of turns that may miss the aim."""

FIRST_S = 0.6
"""Half a turn's budget: where it begins."""

LEAST_S = 0.12
"""Nothing is gained by being faster: it is the round trip of a nearby provider."""

STILL = 0.0005
"""Part by which the aim falls with every turn that keeps it, after it has settled."""

SETTLING = 150.0
"""Turns over which it settles."""


@dataclass(slots=True)
class Aim:
    """A running 95th percentile by stochastic approximation, seconds."""

    seconds: float = FIRST_S
    turns: int = 0

    def turn(self, taken_s: float, most_s: float) -> None:
        """A turn's first clause took this long; the aim stays below `most_s`."""
        self.turns += 1
        step = max(STILL, 0.01 / (1.0 + self.turns / SETTLING)) * self.seconds
        self.seconds += step * (1.0 - MISSES) / MISSES if taken_s > self.seconds else -step
        self.seconds = min(max(self.seconds, LEAST_S), most_s)
