"""How long a stream may be silent between two chunks before it has stalled, learned from its longest silences."""

from dataclasses import dataclass

LEAST_S = 1.0
"""The first clause is being spoken for a second and more: nobody waits yet."""

MOST_S = 4.0
"""Past this the caller hears silence whatever was said before."""

DEVIATIONS = 5.0
"""Mean deviations above the mean at which a silence is a stall: one proper stream in some thousand is that slow."""

MEMORY = 30.0
"""Responses over which the longest silence is averaged."""


@dataclass(slots=True)
class Gaps:
    """Of one deployment: mean and mean deviation of the longest silence in a response, seconds."""

    mean: float = 0.3
    deviation: float = 0.3
    seen: float = 0.0

    def limit_s(self) -> float:
        """Silence after which a stream has stalled."""
        return min(MOST_S, max(LEAST_S, self.mean + DEVIATIONS * self.deviation))

    def learn(self, longest_s: float) -> None:
        """A response ended whose longest silence was this."""
        self.seen = min(self.seen + 1.0, MEMORY)
        rate = 1.0 / (self.seen + 1.0)
        error = min(longest_s, self.limit_s()) - self.mean
        self.mean += rate * error
        self.deviation += rate * (abs(error) - self.deviation)
