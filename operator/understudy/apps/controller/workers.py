"""The workers: take a key, reconcile it, and come back later whatever happened."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from understudy.adapters.cluster.errors import ClusterError, Conflict
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.ports import Key
from understudy.apps.controller.queue import WorkQueue
from understudy.base.clock import Clock

log = logging.getLogger(__name__)

WORKERS = 4
"""Assistants reconciled at once: the API server is what limits us, not our own work."""


class Reconciles(Protocol):
    """Something that brings one assistant to where it should be."""

    async def reconcile(self, key: Key) -> float | None:
        """Reconcile; seconds until it wants to be called again, or None when nothing is due by itself."""
        ...


async def work(
    queue: WorkQueue,
    reconcile: Callable[[Key], Awaitable[float | None]],
    metrics: Metrics,
    clock: Clock,
) -> None:
    """Take keys for ever. No error of one assistant stops the others."""
    while True:
        key = await queue.get()
        started = clock.monotonic()
        result = "ok"
        try:
            again = await reconcile(key)
            queue.succeeded(key)
            if again is not None:
                queue.add_after(key, again)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next assistant is waiting
            result = _say(key, error)
            queue.retry(key)
        finally:
            queue.done(key)
            metrics.reconciled(result, clock.monotonic() - started, queue.depth())


def _say(key: Key, error: Exception) -> str:
    """Log `error` as loudly as it deserves; its name for the metrics."""
    if isinstance(error, Conflict):
        log.info("%s: somebody else wrote first; deciding again", key)
        return "conflict"
    if isinstance(error, ClusterError):
        log.warning("%s: %s", key, error)
        return "cluster"
    log.error("%s: reconciling failed", key, exc_info=error)
    return "error"


async def run_workers(
    queue: WorkQueue, reconciler: Reconciles, metrics: Metrics, clock: Clock, count: int = WORKERS
) -> None:
    """Run `count` workers until cancelled."""
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(work(queue, reconciler.reconcile, metrics, clock))
