"""What the admin port and Prometheus show of an assistant's pools."""

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.pools import Kind, Pools, Route
from understudy.base.clock import Clock
from understudy.domain.routing.pool.shown import show
from understudy.domain.routing.pool.view import PoolView


def pool_views(pools: Pools, assistant: Assistant, clock: Clock) -> tuple[PoolView, ...]:
    """The pools of `assistant` that took requests: the serving revision's first, then the canary's, then others'."""
    document = assistant.document
    order = [ref.name for ref in document.revisions()] if document else []
    routes = sorted(
        pools.views(assistant.key),
        key=lambda route: (order.index(route.revision) if route.revision in order else len(order), route.revision),
    )
    return tuple(_view(route, clock) for route in routes)


def kind_name(kind: Kind) -> str:
    """A word for a kind of request; empty for the usual, streamed without a reasoning effort."""
    return " ".join(part for part in (kind.effort, "" if kind.streamed else "whole") if part)


def _view(route: Route, clock: Clock) -> PoolView:
    """The pool's view, with names, and with times since the epoch instead of on the monotonic clock."""
    now = clock.monotonic()
    shown = show(route.pool, now)
    past = clock.now() - now
    accounts = {target.name: target.account for target in route.targets}
    return shown.model_copy(
        update={
            "assistant": route.assistant,
            "revision": route.revision,
            "kind": kind_name(route.kind),
            "at": shown.at + past,
            "deployments": tuple(
                each.model_copy(update={"account": accounts.get(each.name, "")}) for each in shown.deployments
            ),
            "failovers": tuple(each.model_copy(update={"at": each.at + past}) for each in shown.failovers),
        }
    )
