"""The periodic look at everything, which makes a watch that died a delay and not an outage."""

import asyncio
import logging
from zlib import crc32

from understudy.adapters.cluster.errors import ClusterError
from understudy.apps.controller.health import RESYNC_S, Heartbeat
from understudy.apps.controller.intake import Intake
from understudy.apps.controller.ports import Cluster, Key
from understudy.apps.controller.queue import WorkQueue
from understudy.apps.controller.world import Worlds
from understudy.domain.desired.kinds import VOICE_ASSISTANT

log = logging.getLogger(__name__)

SPREAD = 0.8
"""Part of the interval over which the assistants of one resync are spread, so that they make no burst."""


class Resync:
    """Lists every assistant and puts each into the queue."""

    def __init__(
        self,
        cluster: Cluster,
        namespaces: tuple[str, ...],
        queue: WorkQueue,
        worlds: Worlds,
        *,
        intake: Intake,
        heartbeat: Heartbeat,
    ) -> None:
        self._cluster = cluster
        self._namespaces = namespaces
        self._queue = queue
        self._worlds = worlds
        self._intake = intake
        self._heartbeat = heartbeat
        self._seen: frozenset[Key] = frozenset()

    async def run(self) -> None:
        """Resync for ever."""
        while True:
            self._heartbeat.attempted()
            try:
                await self.once()
            except ClusterError as error:
                log.warning("resync: %s", error)
            await asyncio.sleep(RESYNC_S)

    async def once(self) -> None:
        """One resync.

        Raises:
            ClusterError: the API server refused or did not answer.
        """
        listed: dict[Key, int] = {}
        for namespace in self._namespaces or (None,):
            for each in await self._cluster.list(VOICE_ASSISTANT, namespace):
                self._intake.listed(each)
                metadata = each["metadata"]
                listed[Key(metadata["namespace"], metadata["name"])] = int(metadata["resourceVersion"])
        self._heartbeat.resynced(listed)
        first = not self._seen
        for key in {*listed, *self._seen, *self._intake.known()}:
            self._worlds.invalidate(key)
            self._queue.add_after(key, 0.0 if first or key not in listed else _share(key) * RESYNC_S * SPREAD)
        self._seen = frozenset(listed)


def _share(key: Key) -> float:
    """A number in [0, 1) that is always the same for `key`."""
    return crc32(str(key).encode()) / 2**32
