"""What is reported of a run."""

import math
from dataclasses import asdict, dataclass

from tests.bench.routing.engine import Tally
from tests.bench.routing.world import World

PROBE_SHARE = 0.01
"""Tokens of a probe as a share of a request's: ten in a thousand."""


@dataclass(frozen=True)
class Metrics:
    """Times are of the first clause, in milliseconds; `tokens_ratio` charges every fired request whole."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    over_budget_pct: float
    tokens_ratio: float
    unanswered: int
    refused: int
    turns: int

    def summary(self) -> dict[str, float]:
        """As in the result, rounded."""
        return {
            name: round(value, 3 if name in {"tokens_ratio", "over_budget_pct"} else 1)
            for name, value in asdict(self).items()
        }

    def line(self) -> str:
        """For reading."""
        return (
            f"p50 {self.p50_ms:6.0f}  p95 {self.p95_ms:6.0f}  p99 {self.p99_ms:6.0f} ms  "
            f"over {self.over_budget_pct:6.3f} %  "
            f"tokens {self.tokens_ratio:6.3f}  unanswered {self.unanswered}  refused {self.refused}"
        )


def metrics(world: World, tallies: list[Tally]) -> Metrics:
    """Of all runs of one policy together.

    Raises:
        ValueError: there was no turn.
    """
    taken = sorted(second for tally in tallies for second in tally.taken_s)
    if not taken:
        raise ValueError(f"{world.name} has no requests")
    fired = sum(tally.fired + PROBE_SHARE * tally.probes for tally in tallies)
    return Metrics(
        p50_ms=rank(taken, 50),
        p95_ms=rank(taken, 95),
        p99_ms=rank(taken, 99),
        over_budget_pct=100.0 * sum(second > world.budget_s for second in taken) / len(taken),
        tokens_ratio=fired / len(taken),
        unanswered=sum(tally.unanswered for tally in tallies),
        refused=sum(tally.refused for tally in tallies),
        turns=len(taken),
    )


def rank(ranked_s: list[float], share: float) -> float:
    """Nearest-rank percentile of sorted seconds, in milliseconds."""
    return 1000.0 * ranked_s[max(0, math.ceil(share / 100 * len(ranked_s)) - 1)]
