"""`python -m tests.bench.verdict [--quick] [--world FILE]`."""

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.report import publish, rounded
from tests.bench.verdict import baselines
from tests.bench.verdict.bound import bound_calls
from tests.bench.verdict.draws import calm
from tests.bench.verdict.play import play
from tests.bench.verdict.table import table
from tests.bench.verdict.world import World, load

WORLDS = Path(__file__).resolve().parents[1] / "worlds/verdict"

QUICK = 1000
"""Replications that fit into 45 s, in a world where no rollout ends early."""

QUICK_CALM = 400
"""Replications of calm rollouts in a quick run."""

BASELINES = 2000
"""Replications of the baselines: as many as memory likes; enough to tune them to one in a hundred."""


def measure(world: World, replications: int, known: dict[str, float]) -> dict[str, Any]:
    """What the benchmark says of one world; `known` keeps false alarms of calm rollouts, which many worlds share."""
    verdicts, alarms = play(world, replications), _false_alarms(world, replications, known)
    fail, bound = verdicts.fail, bound_calls(world)
    median, others = _finite(np.median(fail)), baselines.compare(world, min(replications, BASELINES), alarms)
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
        "false_alarms_when_calm": round(alarms, 4),
        "replications": replications,
        "baselines": others,
    }


def _false_alarms(world: World, replications: int, known: dict[str, float]) -> float:
    """Share of calm rollouts of identical arms that our judge fails; what the baselines may fail of them."""
    replications = QUICK_CALM if replications <= QUICK else replications
    quiet = replace(calm(world), name="", seed=0, calls_per_hour=0.0)
    if repr(quiet) not in known:
        known[repr(quiet)] = float(np.isfinite(play(quiet, replications).fail).mean())
    return known[repr(quiet)]


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
    found, known = {}, dict[str, float]()
    for world in worlds:
        most = min(QUICK, world.replications) if options.quick else world.replications
        found[world.name] = measure(world, most, known)
        print(table({world.name: found[world.name]}).splitlines()[-1], flush=True)
    whole = not options.quick and options.world is None
    publish("verdict", {"worlds": found}, quick=not whole, table=table(found))
    return 0
