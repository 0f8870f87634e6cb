"""Writes tests/bench/worlds/verdict: `python -m tests.bench.verdict.generate`."""

import json
import math
from pathlib import Path
from typing import Any

from tests.bench.verdict.world import DEFAULT_ARM

WORLDS = Path(__file__).resolve().parents[1] / "worlds/verdict"

SIGNALS = [
    {"name": "turn_latency", "objective_ms": 1200, "tolerance": 0, "margin": 0.05},
    {"name": "dropped", "tolerance": 0, "margin": 0.02},
    {"name": "tool_failures", "tolerance": 0, "margin": 0.03},
    {"name": "quality", "tolerance": 0, "margin": 0.05},
]

SLOW = {"latency_median_ms": 910}
"""Median + 30 %."""

BROKEN = {"drop_rate": 0.5, "tool_failure_rate": 0.5, "latency_median_ms": 1500, "quality_mean": 0.5}
"""An outage."""


def both(arm: dict[str, float]) -> dict[str, dict[str, float]]:
    """The same for both arms."""
    return {"stable": arm, "canary": arm}


def day(canary: dict[str, float]) -> list[dict[str, Any]]:
    """Two days in 16 hours each, an hour every fifty canary calls: slowest at noon, by a third, in both arms."""
    changes = []
    for hour in range(32):
        median = 700 * (1 + 0.33 * math.sin(math.pi * (hour % 16) / 16))
        factor = canary.get("latency_median_ms", 700) / 700
        arms = {"stable": {"latency_median_ms": round(median)}, "canary": {"latency_median_ms": round(median * factor)}}
        changes.append({"at_call": 50 * hour, "arms": arms})
    return changes


WORLD_OF: dict[str, dict[str, Any]] = {
    "identical": {},
    "latency": {"canary": SLOW},
    "drops": {"canary": {"drop_rate": 0.05}},
    "quality": {"canary": {"quality_mean": 0.75}},
    "hangs": {"canary": {"hang_rate": 0.02}},
    "late_latency": {"changes": [{"at_call": 200, "arms": {"canary": SLOW}}]},
    "late_drops": {"changes": [{"at_call": 200, "arms": {"canary": {"drop_rate": 0.05}}}]},
    "drift": {"changes": day({})},
    "drift_latency": {"canary": SLOW, "changes": day(SLOW)},
    "outage": {"changes": [{"at_call": 100, "arms": both(BROKEN)}, {"at_call": 150, "arms": both(dict(DEFAULT_ARM))}]},
    "five_an_hour": {"canary": SLOW, "calls_per_hour": 5},
    "bursts": {"bursts": {"calls": 12, "hiccup_rate": 0.05, "arms": both(BROKEN)}},
    "bursts_quality": {
        "canary": {"quality_mean": 0.75},
        "bursts": {"calls": 12, "hiccup_rate": 0.05, "arms": both(BROKEN)},
    },
    "drops_from_two": {"stable": {"drop_rate": 0.02}, "canary": {"drop_rate": 0.05}},
    "held_drops": {"stable": {"drop_rate": 0.015}, "canary": {"drop_rate": 0.05}},
    "held_quality": {"canary": {"quality_mean": 0.79}},
    "held_latency": {"canary": {"latency_median_ms": 840}},
    "held_tools": {"stable": {"tool_failure_rate": 0.03}, "canary": {"tool_failure_rate": 0.08}},
}
"""What differs from two arms that are alike. The judge's stakes were chosen by playing latency, drops, quality, hangs
and drops_from_two; those named `held_` were first played when they were settled."""


def document(different: dict[str, Any], seed: int) -> dict[str, Any]:
    """One world's file."""
    rest = {key: value for key, value in different.items() if key not in ("stable", "canary")}
    stable = DEFAULT_ARM | different.get("stable", {})
    return {
        "calls_per_hour": 600,
        "replications": 10_000,
        "seed": seed,
        "canary_weight": 10,
        "max_canary_calls": 2000,
        "judge": {"alpha": 0.01, "beta": 0.01, "signals": SIGNALS},
        "arms": {"stable": stable, "canary": stable | different.get("canary", {})},
        **rest,
    }


def main() -> None:
    """Write them all."""
    WORLDS.mkdir(parents=True, exist_ok=True)
    for seed, (name, different) in enumerate(WORLD_OF.items(), start=1):
        (WORLDS / f"{name}.json").write_text(json.dumps(document(different, seed), indent=1) + "\n")


if __name__ == "__main__":
    main()
