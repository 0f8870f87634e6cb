"""What an assistant owns: from revisions in play to objects."""

from typing import Any

import pytest

from tests.unit.domain.desired.samples import OWNER, snapshot, stored, wanted
from understudy.base.digest import canonical_json
from understudy.domain import naming
from understudy.domain.desired.plan import abandoned_agents, make_access, make_workloads
from understudy.domain.desired.proxy import SharedState

ONE = stored(snapshot())
OTHER_MODEL = stored(snapshot(model="better"), 2)
OTHER_AGENT = stored(snapshot(agent_image="agent:2"), 2)
LONG_CALLS = stored(snapshot(max_call_duration_ms=3_600_000), 2)
OTHER_SECRET = stored(snapshot(key="azure"), 2)


def names(objects: list[dict[str, Any]], kind: str) -> list[str]:
    return [each["metadata"]["name"] for each in objects if each["kind"] == kind]


def find(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    return next(each for each in objects if each["kind"] == kind and each["metadata"]["name"] == name)


def proxy_pod(objects: list[dict[str, Any]]) -> dict[str, Any]:
    spec = find(objects, "Deployment", "front-desk-proxy")["spec"]["template"]["spec"]
    assert isinstance(spec, dict)
    return spec


def test_every_object_belongs_to_the_assistant_and_waits_for_nothing() -> None:
    """Deletion needs no operator: owner references, no finalizers, nothing that blocks (P14)."""
    for each in [*make_access(wanted(ONE)), *make_workloads(wanted(ONE))]:
        metadata = each["metadata"]
        assert metadata["ownerReferences"] == [
            {
                "apiVersion": "understudy.dev/v1alpha1",
                "kind": "VoiceAssistant",
                "name": "front-desk",
                "uid": "uid-1",
                "controller": True,
            }
        ]
        assert "finalizers" not in metadata
        assert metadata["namespace"] == "shop"
        assert metadata["labels"][naming.LABEL_INSTANCE] == "front-desk"


@pytest.mark.parametrize(
    ("revisions", "agents"),
    [
        ((ONE,), 1),
        ((ONE, OTHER_MODEL), 1),
        ((ONE, OTHER_AGENT), 2),
        ((ONE, OTHER_MODEL, OTHER_AGENT), 2),
    ],
    ids=["one", "a new prompt or model needs no new pods", "a new agent does", "both"],
)
def test_agents_are_made_for_each_agent_and_not_for_each_revision(revisions: Any, agents: int) -> None:
    objects = make_workloads(wanted(*revisions))
    deployments = [name for name in names(objects, "Deployment") if "-agent-" in name]
    assert len(deployments) == agents
    for kind in ("Service", "PodDisruptionBudget", "NetworkPolicy", "ServiceAccount"):
        assert {name for name in names(objects, kind) if "-agent-" in name} == set(deployments)


def test_rendering_is_deterministic() -> None:
    """An upgrade of the operator that changes nothing restarts nothing."""
    first = canonical_json([make_workloads(wanted(ONE, OTHER_AGENT)), make_access(wanted(ONE, OTHER_AGENT))])
    second = canonical_json([make_workloads(wanted(ONE, OTHER_AGENT)), make_access(wanted(ONE, OTHER_AGENT))])
    assert first == second


def test_a_new_model_does_not_touch_the_pods() -> None:
    """A canary that changes only the model leaves every pod template as it is."""
    before, after = make_workloads(wanted(ONE)), make_workloads(wanted(ONE, OTHER_MODEL))
    assert before == after


@pytest.mark.parametrize(("revisions", "seconds"), [((ONE,), 1863), ((ONE, LONG_CALLS), 3663)])
def test_pods_may_finish_their_longest_call(revisions: Any, seconds: int) -> None:
    """A pod that goes waits as long as a call may last (P5)."""
    for deployment in (each for each in make_workloads(wanted(*revisions)) if each["kind"] == "Deployment"):
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == seconds
        assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_secrets_of_the_whole_history_are_mounted_and_all_are_optional() -> None:
    """A missing Secret stops no pod, and an undo needs no restart."""
    pod = proxy_pod(make_workloads(wanted(ONE, history=(ONE, OTHER_SECRET))))
    volume = next(each for each in pod["volumes"] if each["name"] == "credentials")
    sources = [each["secret"] for each in volume["projected"]["sources"]]
    assert [each["name"] for each in sources] == ["azure", "openai"]
    assert all(each["optional"] for each in sources)
    keys = ("apiKey", "allowed-hosts", "tenantId", "clientId", "clientSecret", "tokenUrl", "scope")
    assert sources[0]["items"] == [{"key": key, "path": f"azure/{key}"} for key in keys]
    (mount,) = [each for each in pod["containers"][0]["volumeMounts"] if each["name"] == "credentials"]
    assert mount["mountPath"] == "/etc/understudy/credentials/shop"


def test_agents_see_no_secret_and_no_api_token() -> None:
    objects = make_workloads(wanted(ONE))
    (deployment,) = [each for each in objects if each["kind"] == "Deployment" and "-agent-" in each["metadata"]["name"]]
    pod = deployment["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert "secret" not in canonical_json(pod).lower()


def test_every_pod_passes_the_restricted_standard() -> None:
    for deployment in (each for each in make_workloads(wanted(ONE)) if each["kind"] == "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_proxies_may_read_their_own_documents_and_nothing_else() -> None:
    """By name: the routing document and the revisions in play; no Secrets at all."""
    role = find(make_access(wanted(ONE, OTHER_MODEL)), "Role", "front-desk-proxy")
    assert role["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": ["front-desk-routing"],
            "verbs": ["get", "list", "watch"],
        },
        {
            "apiGroups": ["apps"],
            "resources": ["controllerrevisions"],
            "resourceNames": sorted([ONE.object_name, OTHER_MODEL.object_name]),
            "verbs": ["get"],
        },
    ]


def test_agents_take_calls_from_this_assistants_proxies_only() -> None:
    objects = make_workloads(wanted(ONE))
    (policy,) = [each for each in objects if each["kind"] == "NetworkPolicy"]
    (rule,) = policy["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": naming.labels("front-desk", "proxy")}}]
    assert rule["ports"] == [{"port": 8080, "protocol": "TCP"}]


def test_the_users_template_is_laid_over_the_pod() -> None:
    template = {"resources": {"requests": {"cpu": "2"}}, "nodeSelector": {"pool": "voice"}}
    pod = proxy_pod(make_workloads(wanted(ONE, proxy_template=template)))
    assert pod["containers"][0]["resources"] == {"requests": {"cpu": "2"}}
    assert pod["nodeSelector"] == {"pool": "voice"}


def test_a_users_variable_never_replaces_one_of_ours() -> None:
    content = snapshot()
    agent = content.agent.model_copy(
        update={"template": {"env": [{"name": "POD_IP", "value": "evil"}, {"name": "MODE", "value": "x"}]}}
    )
    objects = make_workloads(wanted(stored(content.model_copy(update={"agent": agent}))))
    (deployment,) = [each for each in objects if each["kind"] == "Deployment" and "-agent-" in each["metadata"]["name"]]
    env = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    assert [each for each in env if each["name"] == "POD_IP"] == [
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    ]
    assert {"name": "MODE", "value": "x"} in env


def test_agents_nobody_speaks_through_are_collected_whole_and_the_pods_first() -> None:
    """The objects of the old agent go, those of the one in play and of the proxies stay (P5)."""
    live = make_workloads(wanted(ONE, OTHER_AGENT))
    kept = naming.agent(OWNER.name, ONE.snapshot.agent.digest())
    gone = naming.agent(OWNER.name, OTHER_AGENT.snapshot.agent.digest())
    collected = abandoned_agents(live, [kept])
    assert {each["metadata"]["name"] for each in collected} == {gone}
    assert collected[0]["kind"] == "Deployment"
    assert len(collected) == 5


def test_a_selector_of_one_agent_never_matches_another() -> None:
    objects = make_workloads(wanted(ONE, OTHER_AGENT))
    selectors = [canonical_json(each["spec"]["selector"]) for each in objects if each["kind"] == "Deployment"]
    assert len(set(selectors)) == 3


def proxy_env(shared: SharedState) -> dict[str, Any]:
    (container,) = proxy_pod(make_workloads(wanted(ONE, shared_state=shared)))["containers"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


def test_proxies_are_told_where_knowledge_is_shared() -> None:
    """With a Secret of their namespace, which need not be there; and of nothing where nothing is shared."""
    plain = proxy_env(SharedState(url="redis://valkey.infra:6379/0", prefix="eu"))
    assert plain[naming.SHARED_STATE_URL] == "redis://valkey.infra:6379/0"
    assert plain[naming.SHARED_STATE_PREFIX] == "eu"
    secret = proxy_env(SharedState(secret="valkey", key="address"))  # noqa: S106 - a name
    wanted_reference = {"secretKeyRef": {"name": "valkey", "key": "address", "optional": True}}
    assert secret[naming.SHARED_STATE_URL] == wanted_reference
    assert not {naming.SHARED_STATE_URL, naming.SHARED_STATE_PREFIX} & proxy_env(SharedState()).keys()
