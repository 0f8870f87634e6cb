"""What the watches tell us, turned into keys: an event says which assistant to look at and nothing else."""

from collections.abc import Callable, Mapping
from typing import Any

from understudy.apps.controller.health import Heartbeat
from understudy.apps.controller.neighbours import Neighbours
from understudy.apps.controller.ports import Key
from understudy.apps.controller.queue import WorkQueue
from understudy.domain import naming

Fingerprint = tuple[Any, ...]


class Intake:
    """Keeps, for each assistant, just enough to tell news from the echo of our own status writes."""

    def __init__(
        self, queue: WorkQueue, heartbeat: Heartbeat, invalidate: Callable[[Key], None], neighbours: Neighbours
    ) -> None:
        self._queue = queue
        self._neighbours = neighbours
        self._heartbeat = heartbeat
        self._invalidate = invalidate
        self._known: dict[Key, Fingerprint] = {}
        self._plans: dict[Key, str] = {}

    def assistant(self, event: str | None, body: Mapping[str, Any]) -> None:
        """A VoiceAssistant was listed (None), added, modified or deleted."""
        metadata = body["metadata"]
        key = Key(metadata["namespace"], metadata["name"])
        if event == "DELETED":
            self._gone(key)
            return
        self._heartbeat.saw(key, int(metadata["resourceVersion"]))
        self.listed(body)
        self._plans[key] = str(((body.get("spec") or {}).get("fallbackPlanRef") or {}).get("name") or "")
        print_ = fingerprint(metadata)
        if self._known.get(key) != print_:
            self._known[key] = print_
            self.look(key)

    def listed(self, body: Mapping[str, Any]) -> None:
        """A VoiceAssistant was read, and need not have changed."""
        self._neighbours.saw(body)

    def plan(self, namespace: str, name: str) -> None:
        """A FallbackPlan changed: every assistant that refers to it may have."""
        for key, referred in list(self._plans.items()):
            if key.namespace == namespace and referred == name:
                self.look(key)

    def owned(self, body: Mapping[str, Any]) -> None:
        """An object with our label changed."""
        metadata = body["metadata"]
        instance = (metadata.get("labels") or {}).get(naming.LABEL_INSTANCE)
        if instance:
            self.look(Key(metadata["namespace"], instance))

    def look(self, key: Key) -> None:
        """Read `key` afresh and reconcile it."""
        self._invalidate(key)
        self._queue.add(key)

    def known(self) -> frozenset[Key]:
        """The assistants that the watch has shown."""
        return frozenset(self._known)

    def _gone(self, key: Key) -> None:
        self._known.pop(key, None)
        self._plans.pop(key, None)
        self._heartbeat.forgot(key)
        self._neighbours.forget(key)
        self.look(key)


def fingerprint(metadata: Mapping[str, Any]) -> Fingerprint:
    """What of an assistant's metadata calls for a look: spec, requests and deletion, not our own status writes."""
    annotations = metadata.get("annotations") or {}
    requests = sorted(item for item in annotations.items() if item[0].startswith(f"{naming.GROUP}/"))
    return (metadata["uid"], metadata.get("generation"), metadata.get("deletionTimestamp"), *requests)
