"""`told`: the production decisions, with the truth in place of what was learned.

Each deployment's true median, deviation and share of hangs are put into its estimate when they change, nothing is
explored and nothing is learned.
"""

import math

from tests.bench.routing.ours import Understudy
from tests.bench.routing.policy import Factory, Policy
from tests.bench.routing.providers import Providers
from tests.bench.routing.requests import Request
from tests.bench.routing.world import Segment, World
from understudy.domain.routing.pool.estimate import Commons, Estimate
from understudy.domain.routing.pool.levels import Vector, bell
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.step import Sample
from understudy.domain.routing.pool.turn import Turn

SURE = 0.02
"""Width of the belief about a median that is known."""


class Truth(Estimate):
    """An estimate that is right, and learns nothing."""

    def __init__(self, segment: Segment) -> None:
        known = Commons(
            levels=bell(math.log(segment.median_s), SURE), hang=segment.hang + (1 - segment.hang) * segment.error
        )
        super().__init__(known)
        self.at = 0.0
        self.noise = segment.sigma

    def kept(self, now: float) -> float:  # noqa: ARG002 - it is always there
        """Nothing changes unseen."""
        return 1.0

    def expected(self, now: float) -> Vector:  # noqa: ARG002
        """The level that it is at."""
        return self.belief


class Told(Understudy):
    """One replica."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world, seed, PoolSettings(explore_share=0.0))
        self._world = world
        self._segments: list[Segment | None] = [None] * len(world.deployments)
        setattr(self.knowledge, "learn", self._not_learned)  # noqa: B010 - in place of the method

    def turn(self, request: Request, now: float) -> Turn:
        for index, deployment in enumerate(self._world.deployments):
            segment = deployment.at(now)
            if segment != self._segments[index]:
                self._segments[index] = segment
                entry = self.pool.entries[index]
                entry.estimate = Truth(segment)
                for changed in entry.boards:
                    changed(entry.key)
        return super().turn(request, now)

    def _not_learned(self, sample: Sample, settings: PoolSettings) -> None:
        """The truth is known."""


def told() -> Factory:
    """As many replicas as the world says."""

    def factory(providers: Providers, seed: int) -> list[Policy]:
        world = providers.world
        return [Told(world, seed * 1000 + copy) for copy in range(world.replicas)]

    return factory
