"""A quick loop for whoever changes the brain.

python -m tests.bench.routing.tune [--policies understudy,clairvoyant,live] [--world FILE …] [--seeds 3] [--seconds 900]
                                   [--set explore_share=0.02 …]
"""

import argparse
import dataclasses
import time
from pathlib import Path

from tests.bench.routing.generate import WORLDS
from tests.bench.routing.ours import understudy
from tests.bench.routing.policies import FACTORIES, run
from tests.bench.routing.world import World, load
from understudy.domain.routing.pool.settings import PoolSettings


def settings(changes: list[str]) -> PoolSettings:
    """The defaults with `name=value` applied."""
    values = {
        name: float(value) if value not in {"True", "False"} else value == "True"
        for name, value in (each.split("=") for each in changes)
    }
    return dataclasses.replace(PoolSettings(), **values)  # type: ignore[arg-type]


def worlds(paths: list[str], seconds: float, rate: float | None) -> list[World]:
    """The worlds, each cut to its first `seconds`."""
    found = [load(Path(path) if path.endswith(".json") else WORLDS / f"{path}.json") for path in paths]
    return [
        dataclasses.replace(each, duration_s=min(each.duration_s, seconds), rate_per_s=rate or each.rate_per_s)
        for each in found
    ]


def main() -> None:
    """Print a line for each world and policy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policies", default="understudy,clairvoyant,live")
    parser.add_argument("--world", nargs="*", default=["default"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--set", nargs="*", default=[])
    options = parser.parse_args()
    FACTORIES["understudy"] = understudy(settings(options.set))
    for world in worlds(options.world, options.seconds, options.rate):
        for name in options.policies.split(","):
            began = time.perf_counter()
            found = run(world, name, options.seeds)
            print(f"{world.name:16} {name:18} {found.line()}  {time.perf_counter() - began:5.1f} s", flush=True)


if __name__ == "__main__":
    main()
