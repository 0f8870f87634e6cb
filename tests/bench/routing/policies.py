"""Policies by name, and the one call that runs one: `run(world, "live")`."""

from functools import lru_cache

from tests.bench.routing import litellm_parent
from tests.bench.routing.baselines import BASELINES
from tests.bench.routing.clairvoyant import clairvoyant
from tests.bench.routing.engine import Engine, Tally
from tests.bench.routing.limit import Limit, limit
from tests.bench.routing.metrics import Metrics, metrics
from tests.bench.routing.ours import understudy
from tests.bench.routing.policy import Factory
from tests.bench.routing.race import race
from tests.bench.routing.told import told
from tests.bench.routing.world import World

FACTORIES: dict[str, Factory] = {
    **BASELINES,
    "understudy": understudy(),
    "understudy_shared": understudy(shared=True),
    "told": told(),
}


@lru_cache(maxsize=4)
def _limit(world: World) -> Limit:
    return limit(world)


def tally(world: World, policy: str | Factory, seed: int = 0) -> Tally:
    """One run."""
    if policy == "race":
        return race(world)
    if isinstance(policy, str) and policy in litellm_parent.VARIANTS:
        return litellm_parent.tally(world, policy, seed)
    if policy == "clairvoyant":
        return Engine(world, clairvoyant(_limit(world)), seed).run()
    return Engine(world, FACTORIES[policy] if isinstance(policy, str) else policy, seed).run()


def run(world: World, policy: str | Factory, seeds: int = 1) -> Metrics:
    """`seeds` runs that differ in the policy's own chance; the world's is its own."""
    return metrics(world, [tally(world, policy, seed) for seed in range(seeds)])
