"""An API server in memory: versions, conflicts, server-side apply, and a hook before every write."""

import asyncio
import copy
from collections.abc import Callable, Mapping
from typing import Any

from understudy.adapters.cluster.errors import Conflict, Refused
from understudy.domain.desired.kinds import Kind, kind_of

Document = dict[str, Any]
Write = tuple[str, str, str]
"""(verb, kind, name)"""


class FakeCluster:
    """Implements the controller's `Cluster` port."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Document] = {}
        self.writes: list[Write] = []
        self.reads = 0
        self.before_write: Callable[[Write], None] = lambda _: None
        self._version = 0

    def put(self, document: Document) -> Document:
        """Somebody writes `document`, whatever was there."""
        metadata = document["metadata"]
        key = (document["kind"], metadata["namespace"], metadata["name"])
        known = self.objects.get(key)
        self._version += 1
        stored = copy.deepcopy(document)
        changed = known is not None and known.get("spec") != stored.get("spec")
        generation = known["metadata"].get("generation", 1) + changed if known else 1
        uid = known["metadata"]["uid"] if known else f"uid-{self._version}"
        stored["metadata"] |= {"resourceVersion": str(self._version), "uid": uid, "generation": generation}
        self.objects[key] = stored
        return copy.deepcopy(stored)

    def find(self, kind: Kind, namespace: str, name: str) -> Document:
        return self.objects[kind.kind, namespace, name]

    def names(self, kind: Kind) -> list[str]:
        return sorted(name for found, _, name in self.objects if found == kind.kind)

    async def get(self, kind: Kind, namespace: str, name: str) -> Document | None:
        self.reads += 1
        await asyncio.sleep(0)  # others go on meanwhile, as they would
        return copy.deepcopy(self.objects.get((kind.kind, namespace, name)))

    async def list(self, kind: Kind, namespace: str | None, labels: Mapping[str, str] | None = None) -> list[Document]:
        self.reads += 1
        await asyncio.sleep(0)
        return [
            copy.deepcopy(each)
            for (found, where, _), each in sorted(self.objects.items())
            if found == kind.kind
            and namespace in (None, where)
            and (labels or {}).items() <= (each["metadata"].get("labels") or {}).items()
        ]

    async def apply(self, document: Document) -> Document:
        metadata = document["metadata"]
        self._about_to("apply", document)
        known = self.objects.get((document["kind"], metadata["namespace"], metadata["name"]))
        self._check_version(known, metadata.get("resourceVersion"))
        if known and known["kind"] == "ControllerRevision" and known["data"] != document["data"]:
            raise Refused("data is immutable", 422)
        merged = _merge(known or {}, document)
        return copy.deepcopy(known) if known and merged == known else self.put(merged)

    async def create(self, document: Document) -> Document:
        metadata = document["metadata"]
        self._about_to("create", document)
        if (document["kind"], metadata["namespace"], metadata["name"]) in self.objects:
            raise Conflict("exists", 409)
        return self.put(document)

    async def replace(self, document: Document) -> Document:
        metadata = document["metadata"]
        self._about_to("replace", document)
        known = self.objects.get((document["kind"], metadata["namespace"], metadata["name"]))
        self._check_version(known, metadata["resourceVersion"])
        return self.put(document)

    async def replace_status(self, document: Document) -> Document:
        await asyncio.sleep(0)
        self._about_to("status", document)
        metadata = document["metadata"]
        known = self.objects[document["kind"], metadata["namespace"], metadata["name"]]
        self._check_version(known, metadata["resourceVersion"])
        return self.put({**known, "status": document["status"]})

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        known = self.objects.get((kind.kind, namespace, name))
        self._about_to("delete", {"kind": kind.kind, "metadata": {"name": name}})
        if known and known["metadata"]["uid"] != uid:
            raise Conflict("another uid", 409)
        self.objects.pop((kind.kind, namespace, name), None)

    def _about_to(self, verb: str, document: Document) -> None:
        kind_of(document)
        write = (verb, document["kind"], document["metadata"]["name"])
        self.before_write(write)
        self.writes.append(write)

    def _check_version(self, known: Document | None, version: str | None) -> None:
        if version is not None and (known is None or known["metadata"]["resourceVersion"] != version):
            raise Conflict("the object has been modified", 409)


def _merge(known: Any, wanted: Any) -> Any:
    """Server-side apply as far as we use it: objects are merged, everything else is replaced."""
    if isinstance(known, dict) and isinstance(wanted, dict):
        merged = dict(known)
        for key, value in wanted.items():
            if key != "resourceVersion":
                merged[key] = _merge(known.get(key), value)
        return merged
    return copy.deepcopy(wanted)
