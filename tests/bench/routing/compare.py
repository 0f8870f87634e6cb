"""All policies through one world."""

import dataclasses
import math
from typing import Any

from tests.bench.peers.peer import PeerUnavailable
from tests.bench.routing.metrics import Metrics, metrics
from tests.bench.routing.policies import tally
from tests.bench.routing.targets import compared, judged
from tests.bench.routing.world import World

POLICIES = ("race", "single", "poll", "live", "live_explore", "litellm", "clairvoyant", "told", "understudy")

ENOUGH = 6000
"""Turns from which on a 99th percentile says something; a world with fewer is run with several seeds."""

MOST_ROUNDS = 8

OWN_SEEDS = 3
"""Runs of each policy that draws lots itself, through the same world: their P95 differs by some 4 % from run to run."""

DRAWS = ("understudy", "understudy_shared", "told")

MOST_LOOKS = 120_000_000
"""LiteLLM's choice looks at every pair of deployments, which takes 0.1 s for 1,000: longer runs are left out."""


def rounds(world: World) -> list[World]:
    """The world with as many seeds as give enough turns."""
    turns = world.rate_per_s * world.duration_s
    count = min(MOST_ROUNDS, math.ceil(ENOUGH / max(turns, 1.0)))
    return [dataclasses.replace(world, seed=world.seed + 1000 * number) for number in range(count)]


def measure(world: World, policy: str) -> Metrics | None:
    """One policy; None when it cannot be run."""
    worlds = rounds(world)
    looks = len(world.deployments) ** 2 * world.rate_per_s * world.duration_s * len(worlds)
    if policy.startswith("litellm") and looks > MOST_LOOKS:
        print(f"  {policy:18} left out: {len(world.deployments)} deployments take it too long", flush=True)
        return None
    seeds = range(OWN_SEEDS if policy in DRAWS else 1)
    try:
        found = metrics(
            world, [tally(each, policy, 100 * seed + number) for seed in seeds for number, each in enumerate(worlds)]
        )
    except PeerUnavailable as reason:
        print(f"  {policy:18} left out: {reason}", flush=True)
        return None
    print(f"  {policy:18} {found.line()}", flush=True)
    return found


def compare(world: World) -> dict[str, Any]:
    """The result of one world."""
    print(
        f"{world.name}: {len(world.deployments)} deployments, {world.rate_per_s:g}/s, {world.duration_s:g} s",
        flush=True,
    )
    names = (*POLICIES, "understudy_shared") if world.replicas > 1 else POLICIES
    found = {name: measure(world, name) for name in names}
    return {
        "policies": {name: each.summary() if each else None for name, each in found.items()},
        **compared(found),
        "targets": judged(world, found),
    }
