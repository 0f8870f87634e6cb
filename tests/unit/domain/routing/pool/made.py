"""Pools for tests: named deployments, settings without chance unless a test wants it."""

import random
from collections.abc import Sequence

from understudy.domain.routing.pool.knowledge import Knowledge
from understudy.domain.routing.pool.pool import Pool, Target
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.step import Ask, Failure, Sample

NOW = 10_000.0
"""When tests begin, seconds."""

ASK = Ask(budget_s=1.2)


def pool(
    *names: str | Target,
    fallbacks: Sequence[str] = (),
    seed: int = 3,
    knowledge: Knowledge | None = None,
    **settings: object,
) -> Pool:
    """A pool of deployments that nothing is known of; neither explored nor hedged unless `settings` say so."""
    chosen = PoolSettings(**{"explore_share": 0.0, "hedge": False, **settings})  # type: ignore[arg-type]
    draw = random.Random(seed)
    targets = [name if isinstance(name, Target) else Target(name) for name in names]
    return Pool(chosen, targets, knowledge or Knowledge(draw), draw, [Target(name) for name in fallbacks])


def learned(*seconds: float, fallbacks: Sequence[str] = (), **settings: object) -> Pool:
    """A pool of which everything is known: deployment `i`, called `di`, takes `seconds[i]`."""
    made = pool(*(f"d{index}" for index in range(len(seconds))), fallbacks=fallbacks, **settings)
    teach(made, *seconds)
    return made


def teach(made: Pool, *seconds: float, until: float = NOW, answers: int = 40) -> None:
    """Answers of every deployment, one a second, the last one at `until`."""
    spread = (0.9, 1.1, 0.95, 1.05)
    for at in range(answers):
        for index, taken in enumerate(seconds):
            key = made.targets[index].key
            made.learn(Sample(key, until - answers + 1 + at, taken * spread[at % len(spread)]))


def fail(made: Pool, key: str, failure: Failure, now: float = NOW, times: int = 5) -> None:
    """Failures in a row."""
    for _ in range(times):
        made.learn(Sample(key, now, failure=failure))
