"""Kubernetes Events: one for each thing that happened, counted up when it happens again, and never a flood."""

import logging
from collections import OrderedDict, deque
from datetime import UTC, datetime
from typing import Any

from understudy.adapters.cluster.errors import ClusterError, Conflict
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.ports import Cluster, Key
from understudy.base.clock import Clock
from understudy.base.digest import digest
from understudy.domain.desired.kinds import EVENT, VOICE_ASSISTANT
from understudy.domain.naming import FIELD_MANAGER

log = logging.getLogger(__name__)

PER_MINUTE = 20
"""Events of one assistant a minute; a rollout has about ten in all."""

REMEMBERED = 1000
"""Assistants whose last minute is remembered."""

MAX_MESSAGE = 1024
"""Characters: the API server's own limit for an Event's message."""

_MINUTE_S = 60.0


class EventRecorder:
    """Posts Events. Failing to is logged and forgotten: they tell a story, they hold no state."""

    def __init__(self, cluster: Cluster, metrics: Metrics, clock: Clock, instance: str) -> None:
        self._cluster = cluster
        self._metrics = metrics
        self._clock = clock
        self._instance = instance
        self._recent: OrderedDict[Key, deque[float]] = OrderedDict()

    async def post(self, key: Key, uid: str, kind: str, reason: str, message: str) -> None:
        """Record that something happened to the assistant.

        Args:
            key: the assistant.
            uid: its uid.
            kind: `Normal` or `Warning`.
            reason: CamelCase.
            message: for a human; no personal data.
        """
        if not self._allowed(key):
            self._metrics.event("suppressed")
            return
        document = self._document(key, uid, kind, reason, message[:MAX_MESSAGE])
        try:
            await self._write(document)
            self._metrics.event("posted")
        except ClusterError as error:
            self._metrics.event("failed")
            log.info("%s: event %s was not posted: %s", key, reason, error)

    async def _write(self, document: dict[str, Any]) -> None:
        try:
            await self._cluster.create(document)
        except Conflict:
            metadata = document["metadata"]
            known = await self._cluster.get(EVENT, metadata["namespace"], metadata["name"])
            if known is None:
                raise
            count = int(known.get("count") or 1) + 1
            await self._cluster.replace({**known, "count": count, "lastTimestamp": document["lastTimestamp"]})

    def _allowed(self, key: Key) -> bool:
        now = self._clock.monotonic()
        recent = self._recent.setdefault(key, deque(maxlen=PER_MINUTE))
        self._recent.move_to_end(key)
        while len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        if len(recent) == PER_MINUTE and now - recent[0] < _MINUTE_S:
            return False
        recent.append(now)
        return True

    def _document(self, key: Key, uid: str, kind: str, reason: str, message: str) -> dict[str, Any]:
        now = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        name = f"{key.name}.{digest([uid, kind, reason, message])[:16]}"
        return {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.kind,
            "metadata": {"name": name, "namespace": key.namespace},
            "involvedObject": {
                "apiVersion": VOICE_ASSISTANT.api_version,
                "kind": VOICE_ASSISTANT.kind,
                "namespace": key.namespace,
                "name": key.name,
                "uid": uid,
            },
            "type": kind,
            "reason": reason,
            "message": message,
            "source": {"component": FIELD_MANAGER},
            "reportingComponent": FIELD_MANAGER,
            "reportingInstance": self._instance,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
