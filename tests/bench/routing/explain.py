"""Why turns of `understudy` were slow: `python -m tests.bench.routing.explain [--world FILE] [--seconds S] [--rate R]`.

Every turn above the limit's aim is put down to the first of these that holds: its first deployment was not nearly the
fastest one (chosen: explored, or believed fastest), it was cut late, its second deployment was slow, or neither.
"""

import argparse
import dataclasses
from collections import Counter, defaultdict
from pathlib import Path

from tests.bench.routing.engine import Engine, Flight
from tests.bench.routing.generate import WORLDS
from tests.bench.routing.limit import limit
from tests.bench.routing.ours import understudy
from tests.bench.routing.world import World, load

NEARLY = 1.25
"""A deployment with a median of up to this much more than the fastest's is nearly the fastest."""


def reason(world: World, flight: Flight, fastest_s: float) -> str:
    """What a slow turn is put down to."""
    first = flight.shots[0]
    truth = world.deployments[first.target].at(first.at)
    if truth.median_s > NEARLY * fastest_s:
        return f"{first.why.value}: a slow one"
    if len(flight.shots) == 1:
        return "one shot, within its cut"
    second = world.deployments[flight.shots[1].target].at(flight.shots[1].at)
    if flight.shots[1].at - first.at > 1.7 * truth.median_s:
        return "cut after 1.7 medians"
    if second.median_s > NEARLY * fastest_s:
        return "fired again at a slow one"
    return "three shots" if len(flight.shots) > 2 else "fired again"


def main() -> None:
    """Print shares of all turns, with the mean time of each kind, and how the first deployments compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", default="default")
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--rate", type=float)
    options = parser.parse_args()
    found = load(Path(options.world) if options.world.endswith(".json") else WORLDS / f"{options.world}.json")
    world = dataclasses.replace(found, duration_s=options.seconds, rate_per_s=options.rate or found.rate_per_s)
    aim = limit(world).goal.aim
    slow: dict[str, list[float]] = defaultdict(list)
    kinds: Counter[str] = Counter()
    regret: list[float] = []
    cuts: list[float] = []

    def ended(flight: Flight) -> None:
        taken = (flight.ended_at or 0.0) - flight.request.at
        fastest = min(each.at(flight.request.at).median_s for each in world.deployments)
        first = flight.shots[0]
        median = world.deployments[first.target].at(first.at).median_s
        kinds[first.why.value] += 1
        if first.why.value != "explore":
            regret.append(median / fastest)
            cuts.append((first.cut_at - first.at) / median)
        if taken > aim:
            slow[reason(world, flight, fastest)].append(taken)

    engine = Engine(world, understudy())
    engine.on_end = ended
    turns = len(engine.run().taken_s)
    regret.sort()
    cuts.sort()
    print(f"aim {aim * 1000:.0f} ms; {turns} turns; first shots: {dict(kinds)}")
    shares = (0.25, 0.5, 0.75, 0.9, 0.95)
    print(
        "median of the first deployment over the fastest's:", [round(regret[int(len(regret) * at)], 2) for at in shares]
    )
    print("its cut over its true median:", [round(cuts[int(len(cuts) * at)], 2) for at in shares])
    for name, taken in sorted(slow.items(), key=lambda item: -len(item[1])):
        print(f"{100 * len(taken) / turns:6.2f} % of turns, mean {1000 * sum(taken) / len(taken):5.0f} ms: {name}")


if __name__ == "__main__":
    main()
