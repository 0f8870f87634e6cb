"""`understudy`: the production decision code itself, with the settings that a user gets who sets nothing."""

import random
from collections.abc import Mapping

from tests.bench.routing.policy import Factory, Policy
from tests.bench.routing.providers import Providers
from tests.bench.routing.requests import Request
from tests.bench.routing.world import World
from understudy.domain.routing.pool.knowledge import Knowledge
from understudy.domain.routing.pool.pool import Pool, Target
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.step import Ask, Sample
from understudy.domain.routing.pool.turn import Turn

PROMPT_TOKENS = 1500
TURN_TOKENS = 100
"""A prompt with tools, and what each turn adds to the dialogue."""


def targets(world: World) -> list[Target]:
    """The world's deployments as a pool's."""
    return [Target(each.name, each.name, each.rpm) for each in world.deployments]


class Understudy:
    """One replica."""

    probes = 0

    def __init__(self, world: World, seed: int, settings: PoolSettings) -> None:
        draw = random.Random(seed)
        self.settings = settings
        self.knowledge = Knowledge(draw)
        self.pool = Pool(settings, targets(world), self.knowledge, draw)
        self._budget_s = world.budget_s

    def turn(self, request: Request, now: float) -> Turn:  # noqa: ARG002
        tokens = PROMPT_TOKENS + TURN_TOKENS * request.turn
        return self.pool.turn(Ask(str(request.call), tokens, request.turn == 0, self._budget_s))

    def headers(self, deployment: int, headers: Mapping[str, str], now: float) -> None:
        self.pool.headers(deployment, headers, now)


def understudy(settings: PoolSettings | None = None, *, shared: bool = False) -> Factory:
    """As many replicas as the world says; `shared`: they tell each other every sample at once."""

    def factory(providers: Providers, seed: int) -> list[Policy]:
        used = settings or PoolSettings()
        replicas = [Understudy(providers.world, seed * 1000 + copy, used) for copy in range(providers.world.replicas)]
        if shared:
            for replica in replicas:
                _tell(replica, [other for other in replicas if other is not replica])
        return list(replicas)

    return factory


def _tell(replica: Understudy, others: list[Understudy]) -> None:
    def told(sample: Sample) -> None:
        for other in others:
            other.knowledge.learn(sample, other.settings)

    replica.knowledge.on_sample = told
