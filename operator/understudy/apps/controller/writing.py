"""Writes, only where something differs, and never over what is not ours."""

import logging
from collections.abc import Iterable
from typing import Any

from understudy.adapters.cluster.errors import ClusterError, Refused
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.ports import Cluster
from understudy.apps.controller.world import World, object_id, owned_by
from understudy.domain.desired.difference import needs_write, stamped
from understudy.domain.desired.kinds import kind_of

log = logging.getLogger(__name__)


class NameTaken(Refused):
    """An object of somebody else has the name that ours needs."""


class Writer:
    """Performs a plan against the API server."""

    def __init__(self, cluster: Cluster, metrics: Metrics) -> None:
        self._cluster = cluster
        self._metrics = metrics

    def differs(self, world: World, desired: dict[str, Any]) -> bool:
        """Whether `ensure` would write."""
        document = stamped(desired)
        return needs_write(document, world.owned.get(object_id(document)))

    async def ensure(self, world: World, desired: dict[str, Any]) -> bool:
        """Make the live object what `desired` says; whether that took a write.

        Raises:
            NameTaken: there is such an object and it is not the assistant's.
            ClusterError: the API server refused or did not answer.
        """
        document = stamped(desired)
        live = world.owned.get(object_id(document))
        if not needs_write(document, live):
            return False
        if live is None:
            await self._check_free(document, world.owner.uid)
        world.wrote(await self._cluster.apply(document))
        self._metrics.wrote(document["kind"])
        return True

    async def ensure_all(self, world: World, desired: Iterable[dict[str, Any]]) -> list[ClusterError]:
        """`ensure` each; one that fails does not keep the others from being tried. The failures."""
        failures = []
        for document in desired:
            try:
                await self.ensure(world, document)
            except ClusterError as error:
                failures.append(error)
        return failures

    async def delete_all(self, world: World, documents: Iterable[dict[str, Any]]) -> list[ClusterError]:
        """Delete each; the failures."""
        failures = []
        for document in documents:
            metadata = document["metadata"]
            try:
                await self._cluster.delete(kind_of(document), metadata["namespace"], metadata["name"], metadata["uid"])
                world.deleted(document)
                log.info("%s: deleted %s %s", world.owner.name, document["kind"], metadata["name"])
            except ClusterError as error:
                failures.append(error)
        return failures

    async def _check_free(self, document: dict[str, Any], uid: str) -> None:
        metadata = document["metadata"]
        other = await self._cluster.get(kind_of(document), metadata["namespace"], metadata["name"])
        if other is not None and not owned_by(other, uid):
            raise NameTaken(
                f"{document['kind']} {metadata['name']} exists and belongs to somebody else: "
                "delete it, or give the assistant another name"
            )
