"""What the admin port and Prometheus show of an assistant's pools."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.pools import Kind, Pools, Route
from understudy.base.clock import Clock
from understudy.domain.routing.pool.shown import deployments, totals
from understudy.domain.routing.pool.view import DeploymentView, PoolView

SCRAPED = 100
"""Deployments of a pool that Prometheus reads: some thousand series, and two milliseconds between two frames."""

SLICE = 32
"""Deployments worked out in a row before calls have their turn again: under a millisecond."""


async def all_pools(pools: Pools, assistant: Assistant, clock: Clock) -> tuple[PoolView, ...]:
    """Every pool of `assistant` that took requests, whole: the serving revision's first, then the canary's."""
    return tuple([await _whole(route, clock) for route in _routes(pools, assistant)])


def scraped_pools(pools: Pools, assistant: Assistant, clock: Clock) -> Iterator[PoolView]:
    """The same at once; of large pools only the deployments that matter."""
    for route in _routes(pools, assistant):
        yield _named(route, clock, deployments(route.pool, clock.monotonic(), SCRAPED))


def kind_name(kind: Kind) -> str:
    """A word for a kind of request; empty for the usual, streamed without a reasoning effort."""
    return " ".join(part for part in (kind.effort, "" if kind.streamed else "whole") if part)


def _routes(pools: Pools, assistant: Assistant) -> Sequence[Route]:
    document = assistant.document
    order = [ref.name for ref in document.revisions()] if document else []
    return sorted(
        pools.views(assistant.key),
        key=lambda route: (order.index(route.revision) if route.revision in order else len(order), route.revision),
    )


async def _whole(route: Route, clock: Clock) -> PoolView:
    found: list[DeploymentView] = []
    for view in deployments(route.pool, clock.monotonic()):
        found.append(view)
        if len(found) % SLICE == 0:
            await asyncio.sleep(0)
    return _named(route, clock, found)


def _named(route: Route, clock: Clock, found: Iterable[DeploymentView]) -> PoolView:
    """The pool's view, with names, and with times since the epoch instead of on the monotonic clock."""
    now = clock.monotonic()
    shown, past = totals(route.pool, now), clock.now() - now
    accounts = {target.name: target.account for target in route.targets}
    return shown.model_copy(
        update={
            "assistant": route.assistant,
            "revision": route.revision,
            "kind": kind_name(route.kind),
            "at": shown.at + past,
            "deployments": tuple(each.model_copy(update={"account": accounts.get(each.name, "")}) for each in found),
            "failovers": tuple(each.model_copy(update={"at": each.at + past}) for each in shown.failovers),
        }
    )
