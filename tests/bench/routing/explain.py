"""Why turns of `understudy` were slow: `python -m tests.bench.routing.explain [--world FILE] [--seconds S] [--rate R]`.

Every turn above the limit's aim is put down to the first of these that holds: its first deployment was not nearly the
fastest one (chosen: explored, or believed fastest), it was cut late, its second deployment was slow, or neither.
"""

import argparse
import dataclasses
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.routing.engine import Engine, Flight
from tests.bench.routing.generate import WORLDS
from tests.bench.routing.limit import limit
from tests.bench.routing.ours import understudy
from tests.bench.routing.world import World, load
from understudy.domain.routing.pool.step import Why

NEARLY = 1.25
"""A deployment with a median of up to this much more than the fastest's is nearly the fastest."""

SHARES = (0.25, 0.5, 0.75, 0.9, 0.95)


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


@dataclass
class Seen:
    """Of all turns: times of the slow ones by reason, and of the first shots by the fastest that there was."""

    world: World
    aim: float
    turns: int = 0
    slow: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    kinds: Counter[str] = field(default_factory=Counter)
    regret: list[float] = field(default_factory=list)
    cuts: list[float] = field(default_factory=list)

    def ended(self, flight: Flight) -> None:
        """A turn has ended."""
        self.turns += 1
        taken = (flight.ended_at or 0.0) - flight.request.at
        fastest = min(each.at(flight.request.at).median_s for each in self.world.deployments)
        first = flight.shots[0]
        median = self.world.deployments[first.target].at(first.at).median_s
        self.kinds[first.why.value] += 1
        if first.why is not Why.EXPLORE:
            self.regret.append(median / fastest)
            self.cuts.append((first.cut_at - first.at) / median)
        if taken > self.aim:
            self.slow[reason(self.world, flight, fastest)].append(taken)

    def show(self) -> None:
        """Print shares of all turns, and how the first deployments compare."""
        print(f"limit {self.aim * 1000:.0f} ms; {self.turns} turns; first shots: {dict(self.kinds)}")
        for name, values in (("median over the fastest's", self.regret), ("cut over its true median", self.cuts)):
            ranked = sorted(values)
            print(f"first deployment's {name}:", [(at, round(ranked[int(len(ranked) * at)], 2)) for at in SHARES])
        for name, taken in sorted(self.slow.items(), key=lambda item: -len(item[1])):
            mean = 1000 * sum(taken) / len(taken)
            print(f"{100 * len(taken) / self.turns:6.2f} % of turns, mean {mean:5.0f} ms: {name}")


def main() -> None:
    """Run a world and say why."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", default="default")
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--rate", type=float)
    options = parser.parse_args()
    found = load(Path(options.world) if options.world.endswith(".json") else WORLDS / f"{options.world}.json")
    world = dataclasses.replace(found, duration_s=options.seconds, rate_per_s=options.rate or found.rate_per_s)
    seen = Seen(world, limit(world).goal.aim)
    engine = Engine(world, understudy())
    engine.on_end = seen.ended
    engine.run()
    seen.show()


if __name__ == "__main__":
    main()
