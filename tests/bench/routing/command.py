"""`python -m tests.bench.routing [--quick] [--world FILE]`."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from tests.bench.report import publish
from tests.bench.routing import table
from tests.bench.routing.choice import choice_us
from tests.bench.routing.compare import compare
from tests.bench.routing.generate import SETS, WORLDS
from tests.bench.routing.targets import MOST_CHOICE_US
from tests.bench.routing.world import World, load

QUICK_TURNS = 14_000.0
"""What fits into 45 s, LiteLLM's half a millisecond a choice included."""

SIZES = (40, 1000)


def shortened(world: World) -> World:
    """The beginning of a world, for `--quick`."""
    return dataclasses.replace(world, duration_s=min(world.duration_s, QUICK_TURNS / world.rate_per_s))


def choices() -> dict[str, Any]:
    """Time of a choice by the pool's size, and whether that is as little as was to be reached."""
    taken = {str(size): round(choice_us(size), 2) for size in SIZES}
    return {"choice_us": taken, "choice_reached": all(each < MOST_CHOICE_US for each in taken.values())}


def main(arguments: list[str]) -> int:
    """Run the worlds, print, publish."""
    parser = argparse.ArgumentParser(description="Which deployment each request goes to, in virtual time.")
    parser.add_argument("--quick", action="store_true", help="ends within 45 s: the beginning of the default world")
    parser.add_argument("--world", type=Path, help="run this file only, and keep nothing")
    parser.add_argument("--all", action="store_true", help="every world; what a run without options does")
    options = parser.parse_args(arguments)
    world = load(options.world or WORLDS / "default.json")
    result = {"world": world.name, **compare(shortened(world) if options.quick else world), **choices()}
    whole = not options.quick and options.world is None
    if whole or options.all:
        others = {name: compare(load(WORLDS / f"{name}.json")) for name in SETS if name != "default"}
        table.publish({world.name: result, **others})
        result["worlds"] = {
            name: {"p95_vs_clairvoyant": each["p95_vs_clairvoyant"], "targets": each["targets"]}
            for name, each in others.items()
        }
    publish("routing", result, quick=not whole)
    return 0
