"""The canaries' pools for mirrored turns, apart from those that serve callers."""

import random
from typing import NamedTuple

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.egress.chat_ask import Asked
from understudy.apps.proxy.pools import Kind, Pools, Route, deployment_key, kind_of
from understudy.domain.revision.snapshot import Snapshot
from understudy.domain.routing.pool.mirroring import MirrorKnowledge


class MirrorRoute(NamedTuple):
    """A canary's pool, and what its mirrors know.

    Attributes:
        pools: holds the pool.
        knowledge: what it knows of deployments.
        route: the pool.
    """

    pools: Pools
    knowledge: MirrorKnowledge
    route: Route

    def spare(self, tokens: int, now: float) -> bool:
        """Whether a request of `tokens` leaves callers enough, whichever deployment takes it."""
        pool = self.route.pool
        return self.knowledge.spare([target.key for target in pool.targets[: pool.size]], tokens, now)


class MirrorPools:
    """One pool for each assistant's canary and kind of request.

    Args:
        real: the process's pools, which serve callers.
    """

    def __init__(self, real: Pools) -> None:
        self._real = real
        self._kept: dict[str, dict[tuple[str, str, Kind], MirrorRoute]] = {}

    def of(self, assistant: Assistant, canary: str, asked: Asked) -> MirrorRoute | None:
        """The pool in which `canary` is asked what stable was `asked`; None when it names no model."""
        snapshot = assistant.snapshots[canary]
        key = (canary, asked.call.served_by, kind_of(asked.body, snapshot.model))
        kept = self._kept.setdefault(assistant.key, {})
        for other in [other for other in kept if other[:2] != key[:2]]:
            kept.pop(other).pools.keep(assistant.key, ())  # another rollout's
        if key not in kept and (made := self._made(assistant, canary, snapshot, asked)) is not None:
            kept[key] = made
        return kept.get(key)

    def _made(self, assistant: Assistant, canary: str, snapshot: Snapshot, asked: Asked) -> MirrorRoute | None:
        kind, stable = kind_of(asked.body, snapshot.model), asked.snapshot.model
        taken = [deployment_key(assistant.namespace, target, kind) for target in (*stable.targets, *stable.fallbacks)]
        draw = random.Random()  # noqa: S311 - spreads load, guards nothing
        pools = Pools(draw)
        pools.knowledge = knowledge = MirrorKnowledge(self._real.knowledge, taken, draw)
        route = pools.of(assistant.key, canary, alone(snapshot), kind)
        return None if route is None else MirrorRoute(pools, knowledge, route)


def alone(snapshot: Snapshot) -> Snapshot:
    """`snapshot` with a pool that asks one deployment at a time: nothing is paid for twice that nobody waits for."""
    model = snapshot.model
    pool = model.pool.model_copy(update={"hedge": False, "explore_percent": 0})
    return snapshot.model_copy(update={"model": model.model_copy(update={"pool": pool})})
