"""A whole small world around a reconciler: an assistant, pods that become ready, proxies that acknowledge, calls."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.unit.apps.controller.fake_cluster import FakeCluster
from understudy.adapters.cluster.errors import ClusterError
from understudy.api.rollout import Slo
from understudy.apps.controller.events import EventRecorder
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.neighbours import Neighbours
from understudy.apps.controller.ports import Key
from understudy.apps.controller.reconcile import Reconciler, Tools
from understudy.apps.controller.reports import Reports
from understudy.apps.controller.settings import Images
from understudy.apps.controller.world import Worlds
from understudy.base.clock import ManualClock
from understudy.domain.calls.observation import CallEnd, CallObservation, ProxyReport, TurnRecord
from understudy.domain.desired.kinds import CONFIG_MAP, DEPLOYMENT, VOICE_ASSISTANT
from understudy.domain.desired.routing import parse_routing
from understudy.domain.routing.document import Arm, RoutingDocument
from understudy.domain.slo.promql import Subject
from understudy.domain.slo.query import Sample

KEY = Key("shop", "front-desk")

SPEC: dict[str, Any] = {
    "accounts": [
        {"name": "openai", "provider": "openai", "credentialsRef": {"name": "openai"}},
        {"name": "deepgram", "provider": "deepgram", "credentialsRef": {"name": "deepgram"}},
    ],
    "model": {"name": "good", "systemPrompt": "You answer the phone."},
    "transcriber": {"provider": "deepgram", "model": "nova-3"},
    "voice": {"provider": "openai", "voiceId": "shimmer"},
    "rollout": {"steps": [{"setWeight": 50}], "minCalls": 10},
}


class Killed(BaseException):
    """The process is gone: nothing after this line runs, no handler either."""


class NoObservers:
    """Stands in for the polls: the tests put reports in themselves."""

    def __init__(self) -> None:
        self.watched: dict[Key, Mapping[str, str]] = {}

    def sync(self, key: Key, pods: Mapping[str, str]) -> None:
        self.watched[key] = pods

    def forget(self, key: Key) -> None:
        self.watched.pop(key, None)


class NoQueries:
    """Stands in for Prometheus: the tests put samples in themselves."""

    def __init__(self) -> None:
        self.asked: dict[Key, tuple[tuple[str, ...], Subject]] = {}
        self.told: dict[str, tuple[Sample, ...]] = {}

    def sync(self, key: Key, slos: Iterable[Slo], subject: Subject) -> None:
        self.asked[key] = (tuple(slo.name for slo in slos), subject)

    def samples(self, key: Key) -> Mapping[str, tuple[Sample, ...]]:
        return self.told if self.asked[key][0] else {}

    def forget(self, key: Key) -> None:
        self.asked.pop(key, None)


class Stage:
    """The world; `restart` replaces the operator and leaves everything else."""

    def __init__(self, spec: dict[str, Any] | None = None) -> None:
        self.cluster = FakeCluster()
        self.clock = ManualClock()
        self._calls: dict[str, list[CallObservation]] = {}
        self.told: dict[str, Any] = {}
        """What every proxy reports besides, until it is taken away."""
        self.put_spec(spec or SPEC)
        self.restart()

    def restart(self, proxy: str = "understudy:1") -> None:
        """A new operator process, with nothing in memory."""
        self.cluster.before_write = lambda _: None
        self.reports, self.observers, self.metrics = Reports(), NoObservers(), Metrics()
        self.queries, self.woken = NoQueries(), list[Key]()
        self.neighbours = Neighbours(self.cluster, self.woken.append)
        worlds = Worlds(self.cluster, self.clock)
        recorder = EventRecorder(self.cluster, self.metrics, self.clock, "test")
        self.worlds = worlds
        self.reconciler = Reconciler(
            Tools(
                self.cluster,
                worlds,
                self.reports,
                self.observers,  # type: ignore[arg-type]
                recorder,
                self.metrics,
                self.clock,
                Images(proxy=proxy, agent="agent:1"),
                self.neighbours,
                self.queries,
            )
        )

    def put_spec(self, spec: dict[str, Any], annotations: dict[str, str] | None = None) -> None:
        """`kubectl apply`."""
        known = self.cluster.objects.get((VOICE_ASSISTANT.kind, *KEY))
        document = {
            "apiVersion": VOICE_ASSISTANT.api_version,
            "kind": VOICE_ASSISTANT.kind,
            "metadata": {"namespace": KEY.namespace, "name": KEY.name, "annotations": annotations or {}},
            "spec": spec,
        }
        self.cluster.put({**document, "status": known["status"]} if known and "status" in known else document)

    @property
    def status(self) -> dict[str, Any]:
        return dict(self.cluster.find(VOICE_ASSISTANT, *KEY).get("status") or {})

    def condition(self, kind: str) -> tuple[str, str, str]:
        """Status, reason and message."""
        (found,) = [each for each in self.status["conditions"] if each["type"] == kind]
        return (found["status"], found["reason"], found.get("message", ""))

    @property
    def routing(self) -> RoutingDocument:
        document = parse_routing(self.cluster.find(CONFIG_MAP, KEY.namespace, "front-desk-routing"))
        assert document is not None
        return document

    async def once(self) -> float | None:
        """One pass with a fresh look."""
        self.worlds.invalidate(KEY)
        return await self.reconciler.reconcile(KEY)

    async def settle(self, passes: int = 20) -> None:
        """Passes, with the cluster and the proxies following, until nothing has changed twice in a row."""
        quiet = 0
        for _ in range(passes):
            before = len(self.cluster.writes)
            self.follow()
            try:
                await self.once()
            except ClusterError:
                continue
            quiet = quiet + 1 if len(self.cluster.writes) == before else 0
            if quiet > 1:
                return
            self.clock.advance(1.0)

    def follow(self) -> None:
        """Deployments get ready pods; proxies put the newest document in force and report."""
        for deployment in [each for each in self.cluster.objects.values() if each["kind"] == DEPLOYMENT.kind]:
            for number in range(deployment["spec"]["replicas"]):
                self._pod(deployment, f"{deployment['metadata']['name']}-{number}")
        if (CONFIG_MAP.kind, KEY.namespace, "front-desk-routing") in self.cluster.objects:
            for name in [each for each in self._pods() if "-proxy-" in each]:
                self.report(name)

    def report(self, pod: str, **more: Any) -> None:
        """`pod`, if it is asked, acknowledges the newest document and tells of its calls."""
        if pod not in self.observers.watched.get(KEY, {}):
            return
        values = {"generation": self.routing.generation, "key_id": pod, "public_key": "k", **self.told, **more}
        observations = tuple(self._calls.get(pod, ()))
        report = ProxyReport(pod=pod, boot_id=f"boot-{pod}", observations=observations, **values)
        self.reports.receive(KEY, report)

    def finish_calls(self, pod: str, arm: Arm, count: int, *, turn_ms: float, start: int = 0) -> None:
        """`count` calls of one arm end on `pod`."""
        document = self.routing
        revision = document.canary if arm is Arm.CANARY else document.stable
        assert revision is not None
        calls = self._calls.setdefault(pod, [])
        for number in range(start, start + count):
            calls.append(
                CallObservation(
                    seq=len(calls) + 1,
                    call_id=f"{pod}-{arm}-{number}",
                    revision=revision.name,
                    arm=arm,
                    started_at=self.clock.now(),
                    ended_at=self.clock.now(),
                    recorded_at=self.clock.now(),
                    end=CallEnd.CALLER_HUNG_UP,
                    turns=(TurnRecord(total_ms=turn_ms), TurnRecord(total_ms=turn_ms)),
                    completed=True,
                )
            )

    def _pods(self) -> list[str]:
        return sorted(name for kind, _, name in self.cluster.objects if kind == "Pod")

    def _pod(self, deployment: dict[str, Any], name: str) -> None:
        if ("Pod", KEY.namespace, name) in self.cluster.objects:
            return
        self.cluster.put(
            {
                "kind": "Pod",
                "metadata": {
                    "namespace": KEY.namespace,
                    "name": name,
                    "labels": deployment["spec"]["template"]["metadata"]["labels"],
                },
                "status": {
                    "phase": "Running",
                    "podIP": f"10.0.0.{len(self.cluster.objects)}",
                    "conditions": [{"type": "Ready", "status": "True"}],
                },
            }
        )
