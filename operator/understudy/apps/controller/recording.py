"""Putting a decision on record: the status first, then the routing document made from it, then its Events."""

import logging
from dataclasses import dataclass
from typing import Any

from understudy.api.status import VoiceAssistantStatus
from understudy.apps.controller.events import EventRecorder
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.pacing import Pacer, to_json
from understudy.apps.controller.ports import Cluster, Key
from understudy.apps.controller.reports import Reports
from understudy.apps.controller.world import World
from understudy.apps.controller.writing import Writer
from understudy.base.clock import Clock
from understudy.domain import naming
from understudy.domain.desired.kinds import CONFIG_MAP
from understudy.domain.desired.routing import make_routing
from understudy.domain.rollout.inputs import Decision
from understudy.domain.routing.document import RoutingDocument

log = logging.getLogger(__name__)


@dataclass
class Record:
    """Writes decisions."""

    cluster: Cluster
    writer: Writer
    reports: Reports
    events: EventRecorder
    metrics: Metrics
    clock: Clock
    pacer: Pacer

    async def write(
        self, key: Key, world: World, before: VoiceAssistantStatus, decision: Decision, document: RoutingDocument
    ) -> float | None:
        """Write what differs; seconds until a status that only moved numbers is due, or None.

        Args:
            key: the assistant.
            world: what was read.
            before: the status that was read.
            decision: what follows.
            document: made from the decision's status.

        Raises:
            Conflict: somebody else wrote since `world` was read; nothing further was written.
            ClusterError: the API server refused or did not answer.
        """
        config_map = self._config_map(key, world, document)
        speaks = bool(decision.events) or self.writer.differs(world, config_map)
        wait = self.pacer.wait_s(key, world.assistant.get("status") or {}, to_json(decision.status))
        if wait is not None and wait > 0 and not speaks:
            return wait
        if wait is not None:
            await self._write_status(key, world, decision.status)
            self._tell(key, before, decision.status)
        # What happened is on record now: the proxies hear it before anyone else, and if they cannot be told this time
        # the next pass does it, which has no events to post any more.
        failures = await self.writer.ensure_all(world, [config_map])
        for event in decision.events:
            await self.events.post(key, world.owner.uid, event.type.value, event.reason, event.message)
        if failures:
            raise failures[0]
        return None

    def _config_map(self, key: Key, world: World, document: RoutingDocument) -> dict[str, Any]:
        live = world.find(CONFIG_MAP, naming.routing(key.name))
        return make_routing(world.owner, document, live["metadata"]["resourceVersion"] if live else None)

    async def _write_status(self, key: Key, world: World, status: VoiceAssistantStatus) -> None:
        newest = self.reports.newest(key)
        world.assistant = await self.cluster.replace_status({**world.assistant, "status": to_json(status)})
        self.pacer.wrote(key)
        self.reports.follow(key, status.rollout)
        if newest is not None:
            self.metrics.evidence(self.clock.now() - newest)

    def _tell(self, key: Key, before: VoiceAssistantStatus, after: VoiceAssistantStatus) -> None:
        """One line and one count for each transition that was just put on record."""
        for move in after.rollout.history:
            if move not in before.rollout.history:
                self.metrics.moved(move.from_.value, move.to.value, move.reason)
                log.info("%s: %s→%s %s: %s", key, move.from_.value, move.to.value, move.reason, move.message)
