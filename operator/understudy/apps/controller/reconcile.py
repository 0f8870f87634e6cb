"""One pass over one assistant: gather → choose → advance → status → routing document → everything else.

The order is what makes a kill at any point harmless. A new revision is stored before anything names it; the status is
written before the routing document, so that what proxies do was always decided on record; whatever comes later is made
again from that record. Status and routing writes carry the version that was read.
"""

import logging
from dataclasses import dataclass, replace
from typing import Any

from understudy.adapters.cluster.errors import ClusterError
from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.status import VoiceAssistantStatus
from understudy.apps.controller import golden, herd, judging, observing
from understudy.apps.controller.conditions import Findings, credential_problems, with_findings
from understudy.apps.controller.events import EventRecorder
from understudy.apps.controller.golden import Golden, GoldenReader
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.neighbours import Neighbours
from understudy.apps.controller.observers import Observers
from understudy.apps.controller.pacing import Pacer
from understudy.apps.controller.ports import Asks, Cluster, Key
from understudy.apps.controller.recording import Record
from understudy.apps.controller.reports import Reports
from understudy.apps.controller.settings import Images
from understudy.apps.controller.wanted import agents_in_play, make_wanted, pods_to_watch, revisions_kept
from understudy.apps.controller.world import World, Worlds
from understudy.apps.controller.writing import Writer
from understudy.base.clock import Clock
from understudy.base.errors import InvalidInput
from understudy.domain import naming
from understudy.domain.desired.choice import Choice
from understudy.domain.desired.kinds import DEPLOYMENT, REVISION
from understudy.domain.desired.plan import Wanted, abandoned_agents, make_access, make_workloads
from understudy.domain.desired.proxy import UNSHARED, SharedState
from understudy.domain.desired.revisions import StoredRevision, expired_revisions, make_revision, renumbered
from understudy.domain.desired.troubles import is_ready, pod_troubles
from understudy.domain.revision.compliance import UNRESTRICTED, Restriction
from understudy.domain.revision.quality import resolve_quality
from understudy.domain.rollout.advance import advance
from understudy.domain.rollout.inputs import Decision, Observation
from understudy.domain.rollout.routing import routing_document

log = logging.getLogger(__name__)

GREETING_S = 3.0
"""How long a new process waits for the first answer of proxies that are ready: a poll takes milliseconds."""


@dataclass(frozen=True)
class Tools:
    """What a reconciler works with."""

    cluster: Cluster
    worlds: Worlds
    reports: Reports
    observers: Observers
    recorder: EventRecorder
    metrics: Metrics
    clock: Clock
    images: Images
    neighbours: Neighbours
    queries: Asks
    shared_state: SharedState = UNSHARED
    installation: Restriction = UNRESTRICTED
    """HIPAA or PCI for every assistant."""


@dataclass(frozen=True)
class Pass:
    """What one pass has found out so far."""

    key: Key
    world: World
    spec: VoiceAssistantSpec | None
    stored: VoiceAssistantStatus
    choice: Choice | InvalidInput
    history: tuple[StoredRevision, ...]

    @property
    def desired(self) -> StoredRevision | None:
        """The revision of the current spec, if it is valid."""
        return self.choice.revision if isinstance(self.choice, Choice) else None


class Reconciler:
    """Brings one assistant at a time to where it should be."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._writer = Writer(tools.cluster, tools.metrics)
        self._pacer = Pacer(tools.clock)
        self._record = Record(
            tools.cluster, self._writer, tools.reports, tools.recorder, tools.metrics, tools.clock, self._pacer
        )
        self._herd = herd.Herd(tools.clock)
        self._golden = GoldenReader()
        self._refused: dict[Key, tuple[str, ...]] = {}
        self._met: dict[Key, float] = {}
        self._greeted: set[Key] = set()

    async def reconcile(self, key: Key) -> float | None:
        """One pass; seconds until the next is due by itself.

        Raises:
            ClusterError: a write or read failed; everything that could be done was.
        """
        try:
            world = await self._tools.worlds.gather(key)
            if world is None:
                self.forget(key)
                return None
            return await self._pass(key, world)
        except ClusterError:
            self._tools.worlds.invalidate(key)
            raise

    def forget(self, key: Key) -> None:
        """The assistant is gone; its objects go by their owner references."""
        self._tools.worlds.invalidate(key)
        self._tools.observers.forget(key)
        self._tools.queries.forget(key)
        self._tools.neighbours.forget(key)
        self._tools.metrics.gone(key)
        self._golden.forget(key)
        self._pacer.forget(key)
        self._herd.forget(key)
        self._refused.pop(key, None)
        self._met.pop(key, None)
        self._greeted.discard(key)

    async def _pass(self, key: Key, world: World) -> float | None:
        tools = self._tools
        current = await self._look(key, world)
        tools.reports.follow(key, current.stored.rollout)
        tools.observers.sync(key, pods_to_watch(world.pods_of("proxy")))
        tools.queries.sync(key, judging.slos(current.spec, current.stored), judging.subject(key, current.stored))
        if (unheard := self._unheard_s(key, world)) > 0:
            return unheard
        calls = await self._golden_calls(current)
        if world.plan is not None:
            await tools.neighbours.meet(key.namespace)
        # Nothing is awaited from here until the decision is noted: nobody else is to take the place that was seen.
        observation = self._observe(current, calls)
        decision = self._decide(current, observation)
        tools.neighbours.decided(key, world.version, decision.status)
        return await self._perform(current, observation, decision)

    def _observe(self, current: Pass, calls: Golden) -> Observation:
        tools, key, world = self._tools, current.key, current.world
        plan, limit = observing.plan_in_force(world)
        heard = observing.Heard(
            reports=tools.reports.present(key),
            departed=tools.reports.departed(key),
            golden=calls,
            samples=tools.queries.samples(key),
            wait=tools.neighbours.wait(key, current.stored, plan, limit) if plan else "",
        )
        return observing.observe(
            world, current.stored, current.spec, current.choice, heard=heard, installation=tools.installation
        )

    def _decide(self, current: Pass, observation: Observation) -> Decision:
        """What follows, with what only we know laid over its conditions."""
        now = self._tools.clock.now()
        decision = advance(observation, now)
        judge = resolve_quality(current.spec, self._tools.installation)[1] if current.spec else None
        findings = Findings(
            credentials=credential_problems(pod.report for pod in observation.proxies if pod.report and not pod.gone),
            pods=pod_troubles(current.world.pods),
            refused=self._refused.get(current.key, ()),
            judge=judge,
        )
        status = with_findings(decision.status, current.stored, findings, observation.generation, now)
        return replace(decision, status=status)

    async def _golden_calls(self, current: Pass) -> Golden:
        """Those of the replay under way; none are read while nobody plays them."""
        name = golden.wanted(current.spec, current.stored) if current.spec else None
        if name is None:
            self._golden.forget(current.key)
            return golden.NONE
        return await self._golden.read(current.key, name, await self._tools.worlds.config_map(current.world, name))

    def _unheard_s(self, key: Key, world: World) -> float:
        """Seconds to wait for proxies that this process has not heard of yet; 0 once all have answered."""
        if key in self._greeted:
            return 0.0
        now = self._tools.clock.monotonic()
        since = self._met.setdefault(key, now)
        heard = self._tools.reports.present(key)
        silent = [pod for pod in world.pods_of("proxy") if is_ready(pod) and pod["metadata"]["name"] not in heard]
        left = since + GREETING_S - now if silent else 0.0
        if left <= 0:
            self._greeted.add(key)
            self._met.pop(key)
        return left

    async def _look(self, key: Key, world: World) -> Pass:
        """Read spec and status and choose the revision, storing it if it is new."""
        stored = observing.read_status(world)
        spec, choice = None, None
        try:
            spec = observing.read_spec(world)
            choice = observing.choose(world, spec, stored, self._tools.images.agent, self._tools.installation)
        except InvalidInput as error:
            return Pass(key, world, spec, stored, error, world.stored())
        asked = renumbered(world.stored(), choice.revision)
        if choice.is_new or asked != choice.revision:
            await self._writer.ensure(world, make_revision(world.owner, asked))
            log.info("%s: revision %s is number %d", key, asked.name, asked.number)
        return Pass(key, world, spec, stored, choice, world.stored())

    async def _perform(self, current: Pass, observation: Observation, decision: Decision) -> float | None:
        key, world = current.key, current.world
        wanted = self._wanted(current, observation, decision.status)
        failures = await self._writer.ensure_all(world, make_access(wanted)) if wanted else []
        document = routing_document(observation, decision.status)
        waiting = await self._record.write(key, world, current.stored, decision, document)
        self._tools.metrics.decided(key, decision.status.phase.value, decision.status.verdict)
        if wanted:
            workloads, held_s = self._workloads(key, world, wanted)
            waiting = _earliest(waiting, held_s)
            failures += await self._writer.ensure_all(world, workloads)
            failures += await self._writer.delete_all(world, _leftovers(current, observation, decision.status))
        self._refused[key] = tuple(str(each) for each in failures if not each.retryable)
        if failures:
            raise failures[0]
        due = decision.requeue_at
        return _earliest(waiting, None if due is None else max(0.0, due - self._tools.clock.now()))

    def _workloads(self, key: Key, world: World, wanted: Wanted) -> tuple[list[dict[str, Any]], float | None]:
        """What to write now, and in how many seconds to come back for proxies that have to wait for their turn."""
        name = naming.proxy(key.name)
        workloads = make_workloads(wanted)
        proxy = next(each for each in workloads if each["kind"] == DEPLOYMENT.kind and each["metadata"]["name"] == name)
        if self._herd.may_write(key, world.find(DEPLOYMENT, name), proxy):
            return workloads, None
        return [each for each in workloads if each is not proxy], herd.RETRY_S

    def _wanted(self, current: Pass, observation: Observation, status: VoiceAssistantStatus) -> Wanted | None:
        if current.spec is None:
            return None
        return make_wanted(
            current.world,
            current.spec,
            status,
            history=current.history,
            images=self._tools.images,
            shared_state=self._tools.shared_state,
            quality=observation.quality,
        )


def _leftovers(current: Pass, observation: Observation, status: VoiceAssistantStatus) -> list[dict[str, Any]]:
    """Agents that nobody speaks through, and revisions beyond the history's limit."""
    kept = revisions_kept(status, current.history, current.desired, observation.requests)
    expired = {each.object_name for each in expired_revisions(current.history, kept)}
    revisions = [each for each in current.world.of_kind(REVISION) if each["metadata"]["name"] in expired]
    return [*abandoned_agents(current.world.owned.values(), agents_in_play(status)), *revisions]


def _earliest(*seconds: float | None) -> float | None:
    return min((each for each in seconds if each is not None), default=None)
