"""The controller's writes against a real API server: accepted, defaulted, compared, and refused when stale."""

from typing import Any

import pytest

from tests.integration.controller.conftest import CountingCluster, listed
from tests.unit.apps.controller.stage import SPEC, NoObservers, NoQueries
from understudy.adapters.cluster.errors import Conflict, Refused
from understudy.apps.controller.events import EventRecorder
from understudy.apps.controller.leader import NAME, Leadership
from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.neighbours import Neighbours
from understudy.apps.controller.ports import Key
from understudy.apps.controller.reconcile import Reconciler, Tools
from understudy.apps.controller.reports import Reports
from understudy.apps.controller.settings import Images
from understudy.apps.controller.world import Worlds
from understudy.base.clock import ManualClock, SystemClock
from understudy.domain import naming
from understudy.domain.calls.observation import ProxyReport
from understudy.domain.desired.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    EVENT,
    LEASE,
    NETWORK_POLICY,
    POD,
    REVISION,
    ROLE,
    SERVICE,
    SERVICE_ACCOUNT,
    VOICE_ASSISTANT,
)
from understudy.domain.revision.compliance import UNRESTRICTED, Restriction


class Operator:
    """A reconciler on the real API server; `restart` forgets everything."""

    def __init__(self, cluster: CountingCluster, namespace: str) -> None:
        self.cluster, self.key = cluster, Key(namespace, "front-desk")
        self.restart()

    def restart(self, installation: Restriction = UNRESTRICTED, **images: str) -> None:
        clock, metrics = SystemClock(), Metrics()
        self.worlds, self.reports, self.woken = Worlds(self.cluster, clock), Reports(), list[Key]()
        recorder = EventRecorder(self.cluster, metrics, clock, "test")
        self.reconciler = Reconciler(
            Tools(
                self.cluster,
                self.worlds,
                self.reports,
                NoObservers(),  # type: ignore[arg-type]
                recorder,
                metrics,
                clock,
                Images(**{"proxy": "understudy:1", "agent": "agent:1", **images}),
                Neighbours(self.cluster, self.woken.append),
                NoQueries(),
                installation=installation,
            )
        )

    async def apply(self, spec: dict[str, Any]) -> dict[str, Any]:
        metadata = {"namespace": self.key.namespace, "name": self.key.name}
        return await self.cluster.apply(
            {"apiVersion": naming.API_VERSION, "kind": "VoiceAssistant", "metadata": metadata, "spec": spec}
        )

    async def once(self) -> int:
        """One pass from a fresh look; how many requests wrote."""
        self.worlds.invalidate(self.key)
        before = self.cluster.writes
        await self.reconciler.reconcile(self.key)
        return self.cluster.writes - before

    async def settle(self) -> None:
        for _ in range(10):
            if not await self.once():
                return
        pytest.fail("it never stops writing")

    async def assistant(self) -> dict[str, Any]:
        found = await self.cluster.get(VOICE_ASSISTANT, *self.key)
        assert found is not None
        return found


@pytest.fixture
async def operator(cluster: CountingCluster, namespace: str) -> Operator:
    made = Operator(cluster, namespace)
    await made.apply(SPEC)
    return made


async def test_everything_is_accepted_and_a_second_look_writes_nothing(operator: Operator) -> None:
    """The API server's defaults are no difference to it, nor to a new process."""
    await operator.settle()
    agent = next(
        name for name in await listed(operator.cluster, DEPLOYMENT, operator.key.namespace) if "-agent-" in name
    )
    wanted = {
        DEPLOYMENT: [agent, "front-desk-proxy"],
        SERVICE: ["front-desk", agent],
        DISRUPTION_BUDGET: [agent, "front-desk-proxy"],
        NETWORK_POLICY: [agent],
        ROLE: ["front-desk-proxy"],
        SERVICE_ACCOUNT: ["default", agent, "front-desk-proxy"],
    }
    for kind, expected in wanted.items():
        assert await listed(operator.cluster, kind, operator.key.namespace) == sorted(expected), kind.plural
    assert await operator.once() == 0
    operator.restart()
    assert await operator.once() == 0


async def test_an_upgrade_that_brings_a_new_default_agent_starts_no_rollout(operator: Operator) -> None:
    await operator.settle()
    before = await listed(operator.cluster, REVISION, operator.key.namespace)
    operator.restart(agent="agent:2")
    assert await operator.once() == 0
    assert await listed(operator.cluster, REVISION, operator.key.namespace) == before


async def test_what_somebody_changed_is_put_right(operator: Operator) -> None:
    await operator.settle()
    service = await operator.cluster.get(SERVICE, operator.key.namespace, "front-desk")
    assert service is not None
    service["spec"]["selector"] = {"app": "another"}
    await operator.cluster.replace(service)
    assert await operator.once() == 1
    again = await operator.cluster.get(SERVICE, operator.key.namespace, "front-desk")
    assert again is not None
    assert again["spec"]["selector"] == naming.labels("front-desk", "proxy")


async def test_every_pod_is_let_into_a_restricted_namespace(operator: Operator) -> None:
    await operator.settle()
    for deployment in await operator.cluster.list(DEPLOYMENT, operator.key.namespace):
        template = deployment["spec"]["template"]
        name = f"{deployment['metadata']['name']}-try"
        metadata = {**template["metadata"], "name": name, "namespace": operator.key.namespace}
        await operator.cluster.create(
            {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        )
    assert len(await operator.cluster.list(POD, operator.key.namespace)) == 2


async def test_a_leader_that_lost_cannot_undo_what_its_successor_wrote(operator: Operator) -> None:
    """A status or routing document decided on old facts is refused."""
    await operator.settle()
    stale = await operator.assistant()
    document = await operator.cluster.get(CONFIG_MAP, operator.key.namespace, "front-desk-routing")
    assert document is not None
    fresh = await operator.assistant()
    await operator.cluster.replace_status({**fresh, "status": {**fresh["status"], "verdict": "Fail"}})
    await operator.cluster.apply({**_bare(document), "data": {"routing.json": "{}"}})
    with pytest.raises(Conflict):
        await operator.cluster.replace_status(stale)
    old = _bare(document)
    old["metadata"]["resourceVersion"] = document["metadata"]["resourceVersion"]
    with pytest.raises(Conflict):
        await operator.cluster.apply({**old, "data": {"routing.json": "{1}"}})


def _bare(document: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: document["metadata"][key] for key in ("name", "namespace")}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


async def test_the_status_is_accepted_whole_by_the_schema(operator: Operator) -> None:
    """Nothing that is decided is pruned by the CRD: a restart would otherwise forget it."""
    await operator.settle()
    world = await operator.worlds.gather(operator.key)
    assert world is not None
    for number in range(2):
        await _ready_pod(operator, "proxy", f"front-desk-proxy-{number}")
    agent = next(
        name for name in await listed(operator.cluster, DEPLOYMENT, operator.key.namespace) if "-agent-" in name
    )
    await _ready_pod(operator, "agent", f"{agent}-0", digest=agent.rsplit("-", 1)[-1])
    await operator.settle()
    for number in range(2):
        report = ProxyReport(
            pod=f"front-desk-proxy-{number}", boot_id=f"b{number}", generation=99, key_id=f"k{number}", public_key="p"
        )
        operator.reports.receive(operator.key, report)
    await operator.settle()
    status = (await operator.assistant())["status"]
    assert status["phase"] == "Stable"
    assert {each["type"]: each["status"] for each in status["conditions"]}["Ready"] == "True"
    operator.restart()
    for number in range(2):
        report = ProxyReport(
            pod=f"front-desk-proxy-{number}", boot_id=f"b{number}", generation=99, key_id=f"k{number}", public_key="p"
        )
        operator.reports.receive(operator.key, report)
    assert await operator.once() == 0


async def _ready_pod(operator: Operator, component: str, name: str, digest: str = "") -> None:
    labels = naming.labels("front-desk", component) | ({naming.LABEL_AGENT: digest} if digest else {})
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    made = await operator.cluster.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": operator.key.namespace, "labels": labels},
            "spec": {
                "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [{"name": "c", "image": "x", "securityContext": security}],
            },
        }
    )
    ready = {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
    await operator.cluster.replace_status({**made, "status": ready})


async def test_a_missing_plan_is_a_condition(operator: Operator) -> None:
    await operator.apply({**SPEC, "fallbackPlanRef": {"name": "house-rules"}})
    await operator.settle()
    (found,) = [each for each in (await operator.assistant())["status"]["conditions"] if each["type"] == "PlanValid"]
    assert (found["status"], found["reason"]) == ("False", "FallbackPlanNotFound")


async def test_deletion_waits_for_nobody(operator: Operator) -> None:
    """No finalizer is ever set: with the operator down the object is gone at once (P14)."""
    await operator.settle()
    found = await operator.assistant()
    assert "finalizers" not in found["metadata"]
    await operator.cluster.delete(VOICE_ASSISTANT, *operator.key, found["metadata"]["uid"])
    assert await operator.cluster.get(VOICE_ASSISTANT, *operator.key) is None
    assert await operator.once() == 0


async def test_a_delete_never_hits_a_namesake(cluster: CountingCluster, operator: Operator) -> None:
    with pytest.raises(Conflict):
        await cluster.delete(VOICE_ASSISTANT, *operator.key, "another-uid")
    await cluster.delete(VOICE_ASSISTANT, operator.key.namespace, "never-was", "another-uid")


async def test_what_the_schema_refuses_is_no_conflict(operator: Operator) -> None:
    with pytest.raises(Refused, match="voice"):
        await operator.apply({**SPEC, "voice": {"provider": "nobody", "voiceId": "x"}})


async def test_the_lease_and_events_are_accepted(cluster: CountingCluster, namespace: str) -> None:
    clock = ManualClock()
    first, second = (Leadership(cluster, namespace, name, clock) for name in ("a", "b"))
    assert await first.claim()
    assert not await second.claim()
    await first.release()
    assert await second.claim()
    assert await listed(cluster, LEASE, namespace) == [NAME]
    recorder = EventRecorder(cluster, Metrics(), clock, "test")
    for _ in range(2):
        await recorder.post(Key(namespace, "front-desk"), "u", "Warning", "RolledBack", "worse")
    (event,) = await cluster.list(EVENT, namespace)
    assert (event["count"], event["reason"]) == (2, "RolledBack")
