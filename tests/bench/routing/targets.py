"""What was to be reached, and whether it was."""

from collections.abc import Mapping

from tests.bench.routing.metrics import Metrics
from tests.bench.routing.world import World

BUSY_PER_S = 8.0
"""Requests a second from which on there is enough live traffic to be held against the limit."""

NEAR_LIMIT = 1.10
OVER_FACTOR, OVER_POINTS = 2.0, 0.2
MOST_TOKENS = 1.10
LEAST_P99_SAVED_MS = 1000.0
MOST_CHOICE_US = 10.0

BASELINES = ("single", "poll", "live", "live_explore", "litellm")
"""What `understudy` is held against at any rate; `race` spends the pool's size in tokens and is shown only."""

Found = Mapping[str, Metrics | None]


def compared(found: Found) -> dict[str, float | None]:
    """What a world says on top of its policies."""
    ours, live, best = found.get("understudy"), found.get("live"), found.get("clairvoyant")
    return {
        "p95_saved_vs_live_ms": round(live.p95_ms - ours.p95_ms, 1) if ours and live else None,
        "p99_saved_vs_live_ms": round(live.p99_ms - ours.p99_ms, 1) if ours and live else None,
        "p95_vs_clairvoyant": round(ours.p95_ms / best.p95_ms, 3) if ours and best else None,
    }


def judged(world: World, found: Found) -> dict[str, bool]:
    """Each target that applies to `world`, and whether it was reached."""
    ours, best = found["understudy"], found["clairvoyant"]
    assert ours is not None
    assert best is not None
    others = [each for name in BASELINES if (each := found.get(name)) is not None]
    live = found.get("live")
    verdict = {
        "p95_best_baseline": ours.p95_ms <= min(each.p95_ms for each in others),
        "over_budget_best_baseline": ours.over_budget_pct <= min(each.over_budget_pct for each in others),
        "p99_saved": live is not None and live.p99_ms - ours.p99_ms > LEAST_P99_SAVED_MS,
        "tokens": ours.tokens_ratio <= MOST_TOKENS,
    }
    if world.rate_per_s >= BUSY_PER_S:
        verdict["p95_near_limit"] = ours.p95_ms <= NEAR_LIMIT * best.p95_ms
        verdict["over_budget_near_limit"] = ours.over_budget_pct <= OVER_FACTOR * best.over_budget_pct + OVER_POINTS
    return verdict
