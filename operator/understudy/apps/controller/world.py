"""The world as it concerns one assistant, read from the API server in two round trips.

Kept for a few seconds, because evidence arrives with every call that ends: a decision then costs no reads. Whatever is
written carries the resourceVersion that was read, so that a decision made on old facts is refused and made again.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from understudy.apps.controller.ports import Cluster, Key
from understudy.base.clock import Clock
from understudy.domain import naming
from understudy.domain.desired.kinds import CONFIG_MAP, FALLBACK_PLAN, OWNED, POD, REVISION, VOICE_ASSISTANT, Kind
from understudy.domain.desired.owner import Owner
from understudy.domain.desired.revisions import StoredRevision, parse_revisions

KEPT_S = 10.0
"""How long what was read is good for evidence; events of the watch end it at once."""

ObjectId = tuple[str, str]
"""(kind, name)"""


@dataclass
class World:
    """What was read; writes put their answers in, so that it stays current."""

    assistant: dict[str, Any]
    plan: dict[str, Any] | None = None
    prompt: dict[str, Any] | None = None
    owned: dict[ObjectId, dict[str, Any]] = field(default_factory=dict)
    pods: list[dict[str, Any]] = field(default_factory=list)
    config_maps: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    """Others of the namespace, read when something asked for them; None: there is none."""
    revisions: tuple[StoredRevision, ...] | None = None
    """The history, oldest first, once somebody asked: understanding it takes longer than all else in a pass."""
    read_at: float = 0.0

    @property
    def owner(self) -> Owner:
        """Whose everything is."""
        metadata = self.assistant["metadata"]
        return Owner(metadata["namespace"], metadata["name"], metadata["uid"])

    @property
    def version(self) -> int:
        """ResourceVersion of the assistant; it grows."""
        return int(self.assistant["metadata"]["resourceVersion"])

    def stored(self) -> tuple[StoredRevision, ...]:
        """The assistant's history, oldest first."""
        if self.revisions is None:
            self.revisions = parse_revisions(self.of_kind(REVISION))
        return self.revisions

    def of_kind(self, kind: Kind) -> list[dict[str, Any]]:
        """Owned objects of one kind."""
        return [each for (name, _), each in self.owned.items() if name == kind.kind]

    def find(self, kind: Kind, name: str) -> dict[str, Any] | None:
        """One owned object."""
        return self.owned.get((kind.kind, name))

    def wrote(self, document: dict[str, Any]) -> None:
        """The API server answered a write with `document`."""
        self.owned[object_id(document)] = document
        self.revisions = None

    def deleted(self, document: dict[str, Any]) -> None:
        """The API server took a deletion."""
        self.owned.pop(object_id(document), None)
        self.revisions = None

    def pods_of(self, component: str) -> list[dict[str, Any]]:
        """Pods of the proxies or the agents."""
        return [each for each in self.pods if _labels(each).get(naming.LABEL_COMPONENT) == component]


def _labels(document: dict[str, Any]) -> dict[str, str]:
    return dict(document["metadata"].get("labels") or {})


class Worlds:
    """Reads worlds and keeps each for `KEPT_S`."""

    def __init__(self, cluster: Cluster, clock: Clock) -> None:
        self._cluster = cluster
        self._clock = clock
        self._kept: dict[Key, World] = {}
        self._reading: set[Key] = set()

    def invalidate(self, key: Key) -> None:
        """Read afresh next time; what is being read now is not kept, because it may be from before the change."""
        self._kept.pop(key, None)
        self._reading.discard(key)

    async def gather(self, key: Key) -> World | None:
        """The world of the assistant; None when it is gone or being deleted.

        Raises:
            ClusterError: the API server refused or did not answer.
        """
        kept = self._kept.get(key)
        if kept and self._clock.monotonic() - kept.read_at < KEPT_S:
            return kept
        self._kept.pop(key, None)
        self._reading.add(key)
        read_at = self._clock.monotonic()
        assistant = await self._cluster.get(VOICE_ASSISTANT, *key)
        if assistant is None or assistant["metadata"].get("deletionTimestamp"):
            return None
        world = await self._read(assistant, key, read_at)
        if key in self._reading:
            self._kept[key] = world
        self._reading.discard(key)
        return world

    async def config_map(self, world: World, name: str) -> dict[str, Any] | None:
        """A ConfigMap of the assistant's namespace, as old as `world` at most.

        Raises:
            ClusterError: the API server refused or did not answer.
        """
        if name not in world.config_maps:
            world.config_maps[name] = await self._cluster.get(CONFIG_MAP, world.owner.namespace, name)
        return world.config_maps[name]

    async def _read(self, assistant: dict[str, Any], key: Key, read_at: float) -> World:
        spec = assistant.get("spec") or {}
        plan = (spec.get("fallbackPlanRef") or {}).get("name")
        source = ((spec.get("model") or {}).get("systemPromptFrom") or {}).get("configMapKeyRef") or {}
        labels = {naming.LABEL_INSTANCE: key.name, **_managed()}
        plan_read, prompt_read, pods, *owned = await asyncio.gather(
            self._maybe(FALLBACK_PLAN, key.namespace, plan),
            self._maybe(CONFIG_MAP, key.namespace, source.get("name")),
            self._cluster.list(POD, key.namespace, labels),
            *(self._cluster.list(kind, key.namespace, labels) for kind in OWNED),
        )
        uid = assistant["metadata"]["uid"]
        return World(
            assistant=assistant,
            plan=plan_read,
            prompt=prompt_read,
            owned={object_id(each): each for read in owned for each in read if owned_by(each, uid)},
            pods=pods,
            read_at=read_at,
        )

    async def _maybe(self, kind: Kind, namespace: str, name: str | None) -> dict[str, Any] | None:
        return await self._cluster.get(kind, namespace, name) if name else None


def _managed() -> dict[str, str]:
    return {naming.LABEL_MANAGED_BY: naming.labels("", "")[naming.LABEL_MANAGED_BY]}


def owned_by(document: dict[str, Any], uid: str) -> bool:
    """Whether it belongs to this assistant, and not to an earlier one of the same name or to somebody else."""
    return any(each.get("uid") == uid for each in document["metadata"].get("ownerReferences") or [])


def object_id(document: dict[str, Any]) -> ObjectId:
    """Where an object is found in a world."""
    return (document["kind"], document["metadata"]["name"])
