"""Who else goes by the same FallbackPlan, and how far each is: what the line of `maxConcurrentRollouts` is made of.

Known from the watch, the resync and our own decisions, so asking costs no reads. A decision is noted in the same breath
in which the line was looked at, and what the watch shows afterwards replaces it only if it is newer: two assistants
that are decided on at the same time never both take the last place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from understudy.api.status import Phase, VoiceAssistantStatus
from understudy.apps.controller.ports import Cluster, Key
from understudy.domain.desired.kinds import VOICE_ASSISTANT
from understudy.domain.rollout.line import Member, place

Circle = tuple[str, str]
"""(namespace, name of the plan)"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one assistant, slim: thousands are kept."""

    version: int
    """resourceVersion of the assistant that this was seen in, or decided from."""
    plan: str
    """Name of the plan it refers to; empty: none."""
    member: Member
    waits: bool
    """Whether it stands in line."""


class Neighbours:
    """The assistants of each plan."""

    def __init__(self, cluster: Cluster, wake: Callable[[Key], None]) -> None:
        self._cluster = cluster
        self._wake = wake
        self._entries: dict[Key, Entry] = {}
        self._circles: dict[Circle, set[Key]] = {}
        self._met: set[str] = set()

    async def meet(self, namespace: str) -> None:
        """Make sure that every assistant of `namespace` is known; reads once, before anyone there is decided on.

        Raises:
            ClusterError: the API server refused or did not answer.
        """
        if namespace in self._met:
            return
        for each in await self._cluster.list(VOICE_ASSISTANT, namespace):
            self.saw(each)
        self._met.add(namespace)

    def saw(self, body: Mapping[str, Any]) -> None:
        """The API server shows an assistant; what is older than we know is ignored."""
        metadata, spec = body["metadata"], body.get("spec") or {}
        key, version = Key(metadata["namespace"], metadata["name"]), int(metadata["resourceVersion"])
        plan = str((spec.get("fallbackPlanRef") or {}).get("name") or "")
        known = self._entries.get(key)
        if known is None or version > known.version:
            rollout = (body.get("status") or {}).get("rollout") or {}
            self._put(key, Entry(version, plan, _member(key.name, rollout), bool(rollout.get("queued"))))

    def decided(self, key: Key, version: int, status: VoiceAssistantStatus) -> None:
        """What was just decided for `key` from its `version`, written or not: its place is taken, or free."""
        known = self._entries.get(key)
        if known is not None and version >= known.version:
            member = Member.of(key.name, status)
            self._put(key, Entry(version, known.plan, member, bool(status.rollout.queued)))

    def wait(self, key: Key, status: VoiceAssistantStatus, plan: str, limit: int) -> str:
        """Why `key` may not begin a rollout of `plan` (`NAME@GENERATION`) now; empty: it may."""
        circle = self._circles.get((key.namespace, plan.rpartition("@")[0]), set())
        others = (self._entries[each].member for each in circle if each != key)
        return place(Member.of(key.name, status), others, plan, limit)

    def forget(self, key: Key) -> None:
        """The assistant is gone, and so is its place in line."""
        if known := self._entries.pop(key, None):
            self._leave(key, known)
            self._wake_those_who_wait(key.namespace, known.plan)

    def _put(self, key: Key, entry: Entry) -> None:
        known = self._entries.get(key)
        self._entries[key] = entry
        if known and known.plan != entry.plan:
            self._leave(key, known)
        if entry.plan:
            self._circles.setdefault((key.namespace, entry.plan), set()).add(key)
        if known and (known.plan, known.member) != (entry.plan, entry.member):
            self._wake_those_who_wait(key.namespace, known.plan, entry.plan)

    def _leave(self, key: Key, known: Entry) -> None:
        circle = self._circles.get((key.namespace, known.plan), set())
        circle.discard(key)
        if not circle:
            self._circles.pop((key.namespace, known.plan), None)

    def _wake_those_who_wait(self, namespace: str, *plans: str) -> None:
        for plan in {*plans}:
            for each in sorted(self._circles.get((namespace, plan), ())):
                if self._entries[each].waits:
                    self._wake(each)


def _member(name: str, rollout: Mapping[str, Any]) -> Member:
    """From a status as it came, without validating all of it: every status write of every assistant passes here."""
    phase = _PHASES.get(rollout.get("phase"), Phase.INITIALIZING)
    return Member(name, phase, str(rollout.get("plan") or ""), for_plan=bool(rollout.get("forPlan")))


_PHASES: Mapping[Any, Phase] = {each.value: each for each in Phase}
