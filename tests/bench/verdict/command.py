"""`python -m tests.bench.verdict [--quick] [--world FILE]`."""

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.report import publish, rounded
from tests.bench.verdict import baselines
from tests.bench.verdict.bound import bound_calls
from tests.bench.verdict.play import play
from tests.bench.verdict.table import table
from tests.bench.verdict.world import World, load

WORLDS = Path(__file__).resolve().parents[1] / "worlds/verdict"

QUICK = 1000
"""Replications that fit into 45 s, in a world where no rollout ends early."""

BASELINES = 1000
"""Replications of the baselines: enough to tune them to one in a hundred."""


def measure(world: World, replications: int) -> dict[str, Any]:
    """What the benchmark says of one world."""
    verdicts = play(world, replications)
    fail, bound = verdicts.fail, bound_calls(world)
    median, others = _finite(np.median(fail)), baselines.compare(world, min(replications, BASELINES))
    equal = [each["median_calls_to_fail"] for name, each in others.items() if name != "kayenta_5_percent"]
    return {
        "failed": round(float(np.isfinite(fail).mean()), 4),
        "passed_first": round(float((verdicts.passed < fail).mean()), 4),
        "median_calls_to_fail": median,
        "p90_calls_to_fail": _finite(np.quantile(fail, 0.9, method="higher")),
        "median_calls_to_pass": _finite(np.median(verdicts.passed)),
        "bound_calls": rounded(bound),
        "ratio_to_bound": None if median is None or bound is None else round(median / bound, 3),
        "best_baseline_calls": min((each for each in equal if each is not None), default=None),
        "replications": replications,
        "baselines": others,
    }


def _finite(calls: Any) -> float | None:
    """Calls, or None where half (or nine tenths) of the rollouts did not come to it."""
    return float(calls) if math.isfinite(calls) else None


def main(arguments: list[str]) -> int:
    """Play the worlds, print, publish."""
    parser = argparse.ArgumentParser(description="The production judge over simulated rollouts, in virtual time.")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} replications of one world, within 45 s")
    parser.add_argument("--world", type=Path, help="play this file only, and keep nothing")
    options = parser.parse_args(arguments)
    if options.world or options.quick:
        worlds = [load(options.world or WORLDS / "latency.json")]
    else:
        worlds = [load(path) for path in sorted(WORLDS.glob("*.json"))]
    found = {}
    for world in worlds:
        found[world.name] = measure(world, min(QUICK, world.replications) if options.quick else world.replications)
    whole = not options.quick and options.world is None
    publish("verdict", {"worlds": found}, quick=not whole, table=table(found))
    return 0
