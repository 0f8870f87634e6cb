"""Rollouts on a real API server with the rights that the chart gives the operator, and with no others."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml

from tests.cluster.apiserver import Server
from tests.integration.controller.conftest import CountingCluster, kubectl, listed
from tests.integration.controller.filling import filled
from tests.integration.controller.test_chart import rendered
from tests.integration.controller.test_real_api_server import Operator
from tests.unit.apps.controller.stage import SPEC
from understudy.adapters.cluster.client import KubeCluster
from understudy.adapters.cluster.errors import Refused
from understudy.api.status import Phase, RolloutStatus, VoiceAssistantStatus
from understudy.apps.controller.pacing import to_json
from understudy.domain import naming
from understudy.domain.calls.observation import GoldenResult, ProxyReport, ReplayReport
from understudy.domain.desired.kinds import CONFIG_MAP, DEPLOYMENT, POD, REVISION
from understudy.domain.desired.routing import parse_routing
from understudy.domain.routing.document import RoutingDocument

OPERATOR = "system:serviceaccount:system:understudy"
STEPS = {"steps": [{"replay": {"callsRef": {"name": "golden"}}}, {"setWeight": 50}], "bake": "30m"}
CALL = 'turns: [{say: "Are you open?", expect: {contains: [until ten]}}]'
SECURITY = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


@pytest.fixture(scope="module")
def bound(server: Server) -> str:
    """The operator's ServiceAccount, after the chart's ClusterRole was bound to it."""
    made = [each for each in rendered() if each["kind"].startswith("ClusterRole")]
    kubectl(server, "apply", "-f", "-", stdin=yaml.safe_dump_all(made))
    return OPERATOR


@pytest.fixture
async def by_role(server: Server, bound: str) -> AsyncIterator[CountingCluster]:
    """A connection that may do what the operator may."""
    connected = await CountingCluster.connect(str(server.kubeconfig))
    connected._api.set_default_header("Impersonate-User", bound)
    yield connected
    await connected.close()


class World:
    """The operator by its rights, and everybody else by an administrator's."""

    def __init__(self, admin: KubeCluster, by_role: CountingCluster, namespace: str) -> None:
        self.admin, self.namespace = admin, namespace
        self.operator = Operator(by_role, namespace)
        self.replay: ReplayReport | None = None

    async def apply(self, spec: dict[str, Any], **annotations: str) -> None:
        marked = {f"{naming.GROUP}/{verb}": value for verb, value in annotations.items()}
        metadata = {"namespace": self.namespace, "name": "front-desk", "annotations": marked}
        await self.admin.apply(
            {"apiVersion": naming.API_VERSION, "kind": "VoiceAssistant", "metadata": metadata, "spec": spec}
        )

    async def settle(self, passes: int = 12) -> dict[str, Any]:
        """Passes, with pods and proxies following; the status."""
        for _ in range(passes):
            await self._follow()
            await self.operator.once()
        return dict((await self.operator.assistant())["status"])

    async def routing(self) -> RoutingDocument:
        document = parse_routing(await self.admin.get(CONFIG_MAP, self.namespace, naming.routing("front-desk")))
        assert document is not None
        return document

    async def _follow(self) -> None:
        there = {each["metadata"]["name"] for each in await self.admin.list(POD, self.namespace)}
        for deployment in await self.admin.list(DEPLOYMENT, self.namespace):
            name = f"{deployment['metadata']['name']}-0"
            if name not in there:
                await self._pod(name, deployment["spec"]["template"]["metadata"]["labels"])
        if await self.admin.get(CONFIG_MAP, self.namespace, naming.routing("front-desk")):
            values = {"generation": (await self.routing()).generation, "replay": self.replay}
            report = ProxyReport(pod="front-desk-proxy-0", boot_id="b", key_id="k", public_key="p", **values)
            self.operator.reports.receive(self.operator.key, report)

    async def _pod(self, name: str, labels: dict[str, str]) -> None:
        spec = {
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "c", "image": "x", "securityContext": SECURITY}],
        }
        metadata = {"name": name, "namespace": self.namespace, "labels": labels}
        made = await self.admin.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        ready = {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
        await self.admin.replace_status({**made, "status": ready})


@pytest.fixture
async def world(cluster: CountingCluster, by_role: CountingCluster, namespace: str) -> World:
    return World(cluster, by_role, namespace)


async def test_a_rollout_from_replay_to_bake_and_back_needs_no_further_right(world: World) -> None:
    """Golden calls are read, played, passed; the canary is promoted, bakes, and is undone, agent pods and all."""
    spec = {**SPEC, "rollout": STEPS}
    await world.apply(spec)
    status = await world.settle()
    first = status["stableRevision"]
    assert status["phase"] == "Stable"
    golden = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "golden", "namespace": world.namespace}}
    await world.admin.apply({**golden, "data": {"hours": CALL}})
    changed = {**spec, "agent": {"image": "agent:2"}}
    await world.apply(changed)
    assert (await world.settle())["phase"] == "Canary"
    order = (await world.routing()).replay
    assert order is not None
    assert [each.name for each in order.calls] == ["hours"]
    world.replay = ReplayReport(id=order.id, done=True, results=(GoldenResult(name="hours"),))
    await world.settle()
    assert (await world.routing()).canary_weight == 50
    await world.apply(changed, promote="go/full")
    status = await world.settle()
    assert status["phase"] == "Baking"
    assert len(await listed(world.admin, DEPLOYMENT, world.namespace)) == 3
    assert [each.name for each in (await world.routing()).retained] == [first]
    await world.apply(changed, promote="go/full", undo="back")
    status = await world.settle()
    assert (status["phase"], status["stableRevision"]) == ("RolledBack", first)
    conditions = {each["type"]: each["status"] for each in status["conditions"]}
    assert conditions["SpecRejected"] == "True"


async def test_a_revision_that_is_asked_for_again_gets_its_new_number(world: World) -> None:
    """The content of a ControllerRevision is immutable, its number is not."""
    await world.apply(SPEC)
    await world.settle(2)
    (first,) = await listed(world.admin, REVISION, world.namespace)
    await world.apply({**SPEC, "model": {"name": "better", "systemPrompt": "You answer the phone."}})
    await world.settle(2)
    await world.apply(SPEC)
    await world.settle(2)
    revision = await world.admin.get(REVISION, world.namespace, first)
    assert revision is not None
    assert revision["revision"] == 3


async def test_the_operator_reads_no_secret(by_role: CountingCluster, namespace: str) -> None:
    """The judge's key is the proxies' to read."""
    with pytest.raises(Refused, match="forbidden"):
        await by_role._request("GET", f"/api/v1/namespaces/{namespace}/secrets/judges-key")


async def test_no_field_of_the_status_is_pruned(world: World) -> None:
    """What the schema does not know is dropped without a word, and a restart would have forgotten it."""
    await world.apply(SPEC)
    await world.operator.once()
    whole = filled(VoiceAssistantStatus)
    assert isinstance(whole.rollout, RolloutStatus)
    assert whole.rollout.phase in Phase
    known = await world.operator.assistant()
    stored = await world.operator.cluster.replace_status({**known, "status": to_json(whole)})
    assert stored["status"] == to_json(whole)
