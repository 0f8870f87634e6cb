"""The model pools of the revisions that this process serves, and what it knows of their deployments."""

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

from understudy.domain.revision.snapshot import Account, Model, ModelTarget, Snapshot
from understudy.domain.routing.pool.knowledge import Knowledge
from understudy.domain.routing.pool.pool import Pool, Target
from understudy.domain.routing.pool.settings import PoolSettings

EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh"})
"""Reasoning efforts that are told apart; an agent may ask for one where the revision leaves it open."""

UNUSUAL = "other"
"""Stands for every other effort, so that agents cannot make us remember without bounds."""


class Kind(NamedTuple):
    """What makes requests of one revision take different times.

    Attributes:
        effort: the reasoning effort; empty when none is asked for.
        streamed: whether the answer comes in pieces; one that does not takes as long as the whole of it.
    """

    effort: str = ""
    streamed: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """One revision's pool for requests of one kind.

    Attributes:
        assistant: `namespace/name`.
        revision: short digest.
        kind: of requests.
        pool: the pool.
        targets: where its indices lead; fallbacks last.
    """

    assistant: str
    revision: str
    kind: Kind
    pool: Pool
    targets: tuple[ModelTarget, ...]


class Pools:
    """Every pool of the process; one knowledge for all of them.

    Args:
        draw: chance, for sharing and exploring.
    """

    def __init__(self, draw: random.Random | None = None) -> None:
        self._draw = draw or random.Random()  # noqa: S311 - spreads load, guards nothing
        self.knowledge = Knowledge(self._draw)
        self._routes: dict[tuple[str, str, Kind], Route] = {}
        self._refused: dict[str, tuple[Callable[[], str], str]] = {}

    def of(self, assistant: str, revision: str, snapshot: Snapshot, kind: Kind) -> Route | None:
        """The pool for requests of `kind`; None when the revision names no model.

        Args:
            assistant: `namespace/name`.
            revision: short digest of the snapshot.
            snapshot: the revision.
            kind: of the request.
        """
        self._let_in_again()
        key = (assistant, revision, kind)
        route = self._routes.get(key)
        if route is None and snapshot.model.targets:
            route = self._routes[key] = self._made(assistant, revision, snapshot, kind)
        return route

    def views(self, assistant: str) -> tuple[Route, ...]:
        """The assistant's pools that took requests, by revision and kind."""
        found = [route for route in self._routes.values() if route.assistant == assistant]
        return tuple(sorted(found, key=lambda route: (route.revision, route.kind.effort, not route.kind.streamed)))

    def settings_for(self, key: str) -> PoolSettings:
        """The settings of a pool that the deployment `key` belongs to; the defaults while none does."""
        pools = (route.pool for route in self._routes.values())
        return next((pool.settings for pool in pools if key in pool), PoolSettings())

    def keep(self, assistant: str, revisions: Collection[str]) -> None:
        """Forget the assistant's pools of other revisions; what is known of their deployments stays."""
        for key, route in list(self._routes.items()):
            if route.assistant == assistant and route.revision not in revisions:
                route.pool.close()
                del self._routes[key]

    def refused(self, key: str, version: Callable[[], str]) -> None:
        """The deployment `key` refused the account's key: leave it alone until `version` says something else."""
        self._refused[key] = (version, version())

    def _let_in_again(self) -> None:
        for key, (version, refused) in list(self._refused.items()):
            if version() != refused:
                del self._refused[key]
                self.knowledge.entry(key).breaker.reset()

    def _made(self, assistant: str, revision: str, snapshot: Snapshot, kind: Kind) -> Route:
        model = snapshot.model
        namespace = assistant.partition("/")[0]

        def target(one: ModelTarget) -> Target:
            account = snapshot.accounts.get(one.account)
            return _target(one, account, deployment_key(namespace, one, kind), f"{namespace}/{one.account}")

        pool = Pool(
            settings_of(model),
            [target(one) for one in model.targets],
            self.knowledge,
            self._draw,
            fallbacks=[target(one) for one in model.fallbacks],
        )
        return Route(assistant, revision, kind, pool, (*model.targets, *model.fallbacks))


def deployment_key(namespace: str, target: ModelTarget, kind: Kind) -> str:
    """Name of a deployment in the process's knowledge: the same for every assistant that uses it."""
    parts = [namespace, target.account, target.model, target.deployment or "", kind.effort]
    return "/".join(parts) + ("" if kind.streamed else "#whole")


def kind_of(body: dict[str, object], model: Model) -> Kind:
    """The kind of an agent's request: the revision's effort, or the one that the agent asks for."""
    effort = str(model.reasoning_effort or body.get("reasoning_effort") or "")
    known = effort if not effort or effort in EFFORTS else UNUSUAL
    return Kind(known, streamed=bool(body.get("stream")))


def settings_of(model: Model) -> PoolSettings:
    """The pool's settings as the brain takes them."""
    pool, ceiling_s = model.pool, model.attempt_timeout_ms / 1000
    return PoolSettings(
        explore_share=pool.explore_percent / 100,
        extra_share=pool.max_extra_percent / 100,
        hedge=pool.hedge,
        floor_s=min(PoolSettings().floor_s, ceiling_s),
        ceiling_s=ceiling_s,
        breaker_failures=pool.breaker_failures,
        breaker_open_s=pool.breaker_open_ms / 1000,
        max_attempts=pool.max_attempts,
    )


def _target(target: ModelTarget, account: Account | None, key: str, account_key: str) -> Target:
    limits = account.limits if account else None
    return Target(
        key,
        target.name,
        requests_per_minute=limits.requests_per_minute if limits else None,
        tokens_per_minute=limits.tokens_per_minute if limits else None,
        account=account_key,
    )
