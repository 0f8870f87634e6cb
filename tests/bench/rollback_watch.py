"""What the cluster does, as it happens: statuses, routing documents, and what the proxies record and acknowledge."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from kubernetes_asyncio import client as kube
from kubernetes_asyncio import config, watch

from tests.bench.rollback_stage import NAMESPACE, Stage, kubeconfig
from understudy.adapters.cluster.documents import ClusterDocuments
from understudy.api.status import RolloutStatus
from understudy.base.clock import SystemClock
from understudy.domain.calls.observation import CallObservation, ProxyReport
from understudy.domain.naming import ADMIN_PORT, GROUP, VERSION
from understudy.domain.routing.document import RoutingDocument

POLL_S = 20
"""How long a proxy holds a poll open: as the operator asks."""
RETRY_S = 0.5


@dataclass(frozen=True)
class Version:
    """A rollout's status and when it was seen here, seconds since the epoch."""

    seen_at: float
    rollout: RolloutStatus


@dataclass
class Seen:
    """Everything seen of one assistant.

    Attributes:
        versions: of the status, oldest first.
        routed: generation → when its routing document was seen.
        applied: pod → generation → when it came into force there, by the proxy's own account.
        calls: boot id → observations, oldest first.
        rescued: boot id → calls rescued since that process started.
    """

    versions: list[Version] = field(default_factory=list)
    routed: dict[int, float] = field(default_factory=dict)
    applied: dict[str, dict[int, float]] = field(default_factory=dict)
    calls: dict[str, list[CallObservation]] = field(default_factory=dict)
    rescued: dict[str, int] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def tell(self) -> None:
        """Something was added."""
        async with self._news:
            self._news.notify_all()

    async def until(self, holds: Callable[[], bool], seconds: float) -> None:
        """Wait until `holds()`.

        Raises:
            TimeoutError: it did not within `seconds`.
        """
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(holds)


class Cluster:
    """The API server, for the benchmark's own watches and patches."""

    def __init__(self, api: kube.ApiClient) -> None:
        self._objects = kube.CustomObjectsApi(api)
        self._documents = ClusterDocuments(api)
        self._clock = SystemClock()

    async def change_model(self, name: str, model: str, prompt: str) -> None:
        """Ask for another revision."""
        body = [
            {"op": "replace", "path": "/spec/model/name", "value": model},
            {"op": "replace", "path": "/spec/model/systemPrompt", "value": prompt},
        ]
        await self._objects.patch_namespaced_custom_object(GROUP, VERSION, NAMESPACE, "voiceassistants", name, body)

    async def follow_status(self, seen: dict[str, Seen]) -> None:
        """Keep every version of every assistant's status, for ever."""
        while True:
            stream = watch.Watch().stream(
                self._objects.list_namespaced_custom_object, GROUP, VERSION, NAMESPACE, "voiceassistants"
            )
            async for event in stream:
                assistant = event["object"]
                at, of = self._clock.now(), seen.get(assistant["metadata"]["name"])
                if of is not None and "status" in assistant:
                    of.versions.append(Version(at, RolloutStatus.model_validate(assistant["status"]["rollout"])))
                    await of.tell()

    async def follow_routing(self, name: str, seen: Seen) -> None:
        """Keep when each routing document was there to be seen, for ever."""
        async for text in self._documents.routing(NAMESPACE, name):
            at = self._clock.now()
            seen.routed.setdefault(RoutingDocument.model_validate_json(text).generation, at)


async def follow_proxy(session: aiohttp.ClientSession, name: str, address: str, seen: Seen) -> None:
    """Read what one proxy records and acknowledges, by the operator's own long poll, for ever."""
    after, generation = 0, -1
    while True:
        query = f"assistant={NAMESPACE}/{name}&after={after}&generation={generation}&wait={POLL_S}"
        try:
            async with session.get(f"http://{address}:{ADMIN_PORT}/v1/state?{query}") as response:
                response.raise_for_status()
                report = ProxyReport.model_validate_json(await response.read())
        except aiohttp.ClientError:
            await asyncio.sleep(RETRY_S)
            continue
        generation = report.generation
        after = report.observations[-1].seq if report.observations else after
        seen.calls.setdefault(report.boot_id, []).extend(report.observations)
        seen.applied.setdefault(report.pod, {}).setdefault(generation, report.applied_at)
        seen.rescued[report.boot_id] = report.rescued_calls
        await seen.tell()


@asynccontextmanager
async def following(stages: list[Stage]) -> AsyncIterator[tuple[Cluster, dict[str, Seen]]]:
    """Follow every assistant for the time of the block."""
    settings: Any = kube.Configuration()
    await config.load_kube_config(config_file=kubeconfig(), client_configuration=settings)
    async with kube.ApiClient(settings) as api, aiohttp.ClientSession() as session:
        cluster, seen = Cluster(api), {stage.name: Seen() for stage in stages}
        work: list[Coroutine[Any, Any, None]] = [cluster.follow_status(seen)]
        for stage in stages:
            work.append(cluster.follow_routing(stage.name, seen[stage.name]))
            work += [follow_proxy(session, stage.name, ip, seen[stage.name]) for ip in stage.proxies.values()]
        tasks = [asyncio.create_task(each) for each in work]
        try:
            yield cluster, seen
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
