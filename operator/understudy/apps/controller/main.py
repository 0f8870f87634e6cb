"""`understudy controller`: the operator's process."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Coroutine
from typing import Any

import kopf

from understudy.adapters.cluster.client import KubeCluster, NoCluster
from understudy.adapters.cluster.errors import ClusterError
from understudy.apps.controller import health, prometheus
from understudy.apps.controller.events import EventRecorder
from understudy.apps.controller.intake import Intake
from understudy.apps.controller.leader import Leadership, LeadershipLost
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.neighbours import Neighbours
from understudy.apps.controller.observers import Observers, make_client
from understudy.apps.controller.ports import Cluster
from understudy.apps.controller.queue import WorkQueue
from understudy.apps.controller.reconcile import Reconciler, Tools
from understudy.apps.controller.reports import Reports
from understudy.apps.controller.resync import Resync
from understudy.apps.controller.settings import Settings, from_environment
from understudy.apps.controller.watching import make_registry, make_settings
from understudy.apps.controller.workers import run_workers
from understudy.apps.controller.world import Worlds
from understudy.base.clock import SystemClock
from understudy.domain.desired.kinds import FALLBACK_PLAN, VOICE_ASSISTANT

log = logging.getLogger("understudy.controller")

CRD_RETRY_S = 2.0
"""Between looks for the CRDs, which a chart may install a moment after us."""


def main() -> int:
    """Run until SIGTERM or until the lease is lost; the exit status."""
    settings = from_environment(sys.argv[1:], os.environ, socket.gethostname())
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for noisy in ("kopf", "httpx", "httpcore", "kubernetes_asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if settings.kubeconfig:
        os.environ["KUBECONFIG"] = settings.kubeconfig  # kopf's login reads it from there
    return asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    stop = asyncio.Event()
    _stop_on_signals(stop)
    try:
        cluster = await KubeCluster.connect(settings.kubeconfig)
    except NoCluster as error:
        log.critical("%s", error)
        return 1
    metrics = Metrics()
    heartbeat = health.Heartbeat(SystemClock())
    admin = await health.serve(health.make_app(heartbeat, metrics), settings.admin_port)
    try:
        return await _until_stopped(_lead(settings, cluster, metrics, heartbeat, stop), stop)
    finally:
        await admin.cleanup()
        await cluster.close()


async def _lead(
    settings: Settings, cluster: KubeCluster, metrics: Metrics, heartbeat: health.Heartbeat, stop: asyncio.Event
) -> None:
    """Wait for the lease, then operate while it is ours.

    Raises:
        LeadershipLost: somebody else may lead now.
    """
    leadership = Leadership(cluster, settings.namespace, settings.identity, SystemClock())
    if settings.leader_election:
        await leadership.acquire()
    metrics.leading(yes=True)
    heartbeat.started()
    holding = leadership.hold() if settings.leader_election else asyncio.Event().wait()
    try:
        await _first_of(holding, operate(settings, cluster, metrics, heartbeat, stop))
    finally:
        if settings.leader_election:
            await leadership.release()


async def operate(
    settings: Settings, cluster: Cluster, metrics: Metrics, heartbeat: health.Heartbeat, stop: asyncio.Event
) -> None:
    """Watch, resync and reconcile until cancelled."""
    await _wait_for_crds(cluster, settings.namespaces)
    clock = SystemClock()
    queue, worlds, reports = WorkQueue(clock), Worlds(cluster, clock), Reports()
    heartbeat.oldest_key_s = queue.oldest_s
    neighbours = Neighbours(cluster, queue.add)
    intake = Intake(queue, heartbeat, worlds.invalidate, neighbours)
    recorder = EventRecorder(cluster, metrics, clock, settings.identity)
    resync = Resync(cluster, settings.namespaces, queue, worlds, intake=intake, heartbeat=heartbeat)
    async with make_client() as client, prometheus.make_client() as sources:
        observers = Observers(client, reports, queue.add, metrics)
        queries = prometheus.Queries(sources, clock, queue.add, metrics, settings.prometheus_url)
        tools = Tools(
            cluster,
            worlds,
            reports,
            observers,
            recorder,
            metrics,
            clock,
            settings.images,
            neighbours,
            queries,
            settings.shared_state,
            settings.installation,
        )
        reconciler = Reconciler(tools)
        try:
            await _first_of(
                _watch(settings, intake, stop), resync.run(), run_workers(queue, reconciler, metrics, clock)
            )
        finally:
            await observers.close()
            await queries.close()


async def _watch(settings: Settings, intake: Intake, stop: asyncio.Event) -> None:
    """Run kopf, and take the signals back that it takes for itself."""
    ready = asyncio.Event()
    ready_task = asyncio.create_task(_stop_on_signals_once(ready, stop))
    try:
        await kopf.operator(
            registry=make_registry(intake),
            settings=make_settings(),
            standalone=True,
            clusterwide=not settings.namespaces,
            namespaces=settings.namespaces,
            ready_flag=ready,
        )
    finally:
        ready_task.cancel()


async def _wait_for_crds(cluster: Cluster, namespaces: tuple[str, ...]) -> None:
    """Return once both kinds are served: kopf looks for them only when it starts."""
    namespace = namespaces[0] if namespaces else None
    while True:
        try:
            for kind in (VOICE_ASSISTANT, FALLBACK_PLAN):
                await cluster.list(kind, namespace)
        except ClusterError as error:
            log.warning("waiting for the CustomResourceDefinitions: %s", error)
            await asyncio.sleep(CRD_RETRY_S)
        else:
            return


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


async def _stop_on_signals_once(ready: asyncio.Event, stop: asyncio.Event) -> None:
    await ready.wait()
    _stop_on_signals(stop)


async def _until_stopped(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> int:
    """Run `work` until it ends or `stop` is set; the exit status."""
    try:
        await _first_of(work, _wait(stop))
    except LeadershipLost:
        log.critical("the lease is lost; ending, so that only one of us decides")
        return 1
    return 0 if stop.is_set() else 1


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def _first_of(*coroutines: Coroutine[Any, Any, Any]) -> None:
    """Run all until the first ends, end the others, and raise what it raised."""
    tasks = [asyncio.ensure_future(each) for each in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
