"""The chart as helm renders it: no rights too many, none too few, and the CRDs of this very source."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import golang
from tests.unit.domain.desired.samples import snapshot, stored, wanted
from understudy.api.compliance import FIT
from understudy.domain.desired.access import make_proxy_role
from understudy.domain.desired.kinds import EVENT, OWNED, POD, VOICE_ASSISTANT, Kind
from understudy.domain.desired.owner import Owner
from understudy.domain.desired.plan import make_workloads

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "helm/understudy"
KEEP = {"helm.sh/resource-policy": "keep"}

READ = {"get", "list", "watch"}
WRITE = {"get", "list", "create", "update", "patch"}


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = golang.binaries() / "helm"
    return subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False)


def rendered(*sets: str) -> list[dict[str, Any]]:
    options = [part for each in sets for part in ("--set", each)]
    done = helm("template", "understudy", str(CHART), "--namespace", "system", *options)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def rules(documents: list[dict[str, Any]], kind: str = "ClusterRole") -> list[dict[str, Any]]:
    return [rule for each in documents if each["kind"] == kind for rule in each["rules"]]


def verbs(granted: list[dict[str, Any]], group: str, resource: str) -> set[str]:
    return {
        verb
        for rule in granted
        if group in rule["apiGroups"] and resource in rule["resources"] and "resourceNames" not in rule
        for verb in rule["verbs"]
    }


def group_of(kind: Kind) -> str:
    return kind.api_version.rpartition("/")[0]


def test_lint_finds_nothing() -> None:
    done = helm("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["voiceassistants", "fallbackplans"])
def test_the_chart_carries_the_generated_crds(name: str) -> None:
    """`cp crds/*.yaml helm/understudy/files/crds/` after `make generate`."""
    assert (CHART / f"files/crds/{name}.yaml").read_text() == (ROOT / f"crds/{name}.yaml").read_text()


def test_crds_are_rendered_unchanged_but_for_being_kept() -> None:
    found = [each for each in rendered() if each["kind"] == "CustomResourceDefinition"]
    wanted = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "crds").glob("*.yaml"))]
    assert [each["metadata"]["annotations"] for each in found] == [KEEP, KEEP]
    for each in found:
        del each["metadata"]["annotations"]
    assert found == wanted


def test_crds_can_be_left_to_someone_else() -> None:
    assert not [each for each in rendered("crds.install=false") if each["kind"] == "CustomResourceDefinition"]


def test_secrets_are_named_nowhere() -> None:
    """Not readable, not listable, not writable: by no rule and no wildcard."""
    documents = rendered("watchNamespaces={a}")
    for rule in [*rules(rendered()), *rules(documents, "Role")]:
        assert not {"secrets", "*"} & {*rule["resources"], *rule["verbs"], *rule["apiGroups"]}


@pytest.mark.parametrize("kind", OWNED, ids=lambda kind: kind.kind)
def test_the_operator_may_write_what_it_owns(kind: Kind) -> None:
    assert verbs(rules(rendered()), group_of(kind), kind.plural) >= WRITE


def test_the_operator_may_not_write_what_users_own() -> None:
    granted = rules(rendered())
    for plural in ("voiceassistants", "fallbackplans"):
        assert verbs(granted, "understudy.dev", plural) == READ
    assert verbs(granted, group_of(VOICE_ASSISTANT), "voiceassistants/finalizers") == set()
    assert verbs(granted, group_of(POD), "pods") == READ
    assert verbs(granted, group_of(EVENT), "events") == {"get", "create", "update", "patch"}


def test_the_operator_holds_all_that_it_grants_to_proxies() -> None:
    """Kubernetes refuses a Role that gives more than its writer has."""
    granted = rules(rendered())
    for rule in make_proxy_role(Owner("n", "a", "u"), ["a-1"])["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                assert verbs(granted, group, resource) >= set(rule["verbs"])


def test_a_namespaced_install_has_no_cluster_wide_right() -> None:
    documents = rendered("watchNamespaces={a,b}")
    assert not [each for each in documents if each["kind"].startswith("ClusterRole")]
    roles = {each["metadata"]["namespace"] for each in documents if each["kind"] == "Role"}
    assert roles == {"a", "b", "system"}
    (deployment,) = [each for each in documents if each["kind"] == "Deployment"]
    env = {each["name"]: each.get("value") for each in deployment["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert env["UNDERSTUDY_WATCH_NAMESPACES"] == "a,b"


def test_every_pod_is_restricted() -> None:
    documents = rendered()
    (deployment,) = [each for each in documents if each["kind"] == "Deployment"]
    (test,) = [each for each in documents if each["kind"] == "Pod"]
    for pod in (deployment["spec"]["template"]["spec"], test["spec"]):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize(("replicas", "budgets"), [(1, 0), (2, 1)])
def test_a_budget_only_where_a_standby_exists(replicas: int, budgets: int) -> None:
    found = [each for each in rendered(f"replicas={replicas}") if each["kind"] == "PodDisruptionBudget"]
    assert len(found) == budgets


@pytest.mark.parametrize("wrong", ["replica=2", "images.understudy.repo=x", "replicas=two", "logLevel=LOUD"])
def test_a_value_that_is_not_known_is_refused(wrong: str) -> None:
    done = helm("template", "understudy", str(CHART), "--set", wrong)
    assert done.returncode != 0
    assert wrong.partition("=")[0].rpartition(".")[2] in done.stderr


def test_every_value_is_described() -> None:
    """Prose above each value, for those who read values.yaml and nothing else."""
    lines = (CHART / "values.yaml").read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"^[a-zA-Z]+:", line):
            following = lines[number + 1].lstrip() if number + 1 < len(lines) else ""
            assert lines[number - 1].startswith("#") or following.startswith("#"), line


def operator_env(*sets: str) -> dict[str, str]:
    (deployment,) = [each for each in rendered(*sets) if each["kind"] == "Deployment"]
    env = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    return {each["name"]: each.get("value", "") for each in env}


def test_the_store_that_proxies_share_is_handed_to_the_operator() -> None:
    """By a name for a password, never both, and not at all by default: then no proxy is replaced."""
    plain = operator_env("sharedState.url=redis://valkey:6379/0", "sharedState.prefix=eu")
    assert (plain["UNDERSTUDY_SHARED_STATE_URL"], plain["UNDERSTUDY_SHARED_STATE_PREFIX"]) == (
        "redis://valkey:6379/0",
        "eu",
    )
    secret = operator_env("sharedState.secretRef.name=valkey", "sharedState.url=redis://valkey:6379/0")
    assert (secret["UNDERSTUDY_SHARED_STATE_SECRET"], secret["UNDERSTUDY_SHARED_STATE_SECRET_KEY"]) == ("valkey", "url")
    assert "UNDERSTUDY_SHARED_STATE_URL" not in secret
    assert not [name for name in operator_env() if "SHARED_STATE" in name]


@pytest.mark.parametrize(("value", "variable"), [("hipaa", "UNDERSTUDY_HIPAA"), ("pci", "UNDERSTUDY_PCI")])
def test_compliance_of_the_installation_is_handed_to_the_operator(value: str, variable: str) -> None:
    assert operator_env()[variable] == "false"
    assert operator_env(f"compliance.{value}=true")[variable] == "true"


def test_the_prometheus_of_the_installation_is_handed_to_the_operator() -> None:
    """Not at all by default: SLOs then name their own. One with a password in it is refused."""
    assert operator_env("prometheus.url=http://prom:9090")["UNDERSTUDY_PROMETHEUS_URL"] == "http://prom:9090"
    assert "UNDERSTUDY_PROMETHEUS_URL" not in operator_env()
    for wrong in ("prom:9090", "http://user:hunter2@prom"):
        done = helm("template", "understudy", str(CHART), "--set", f"prometheus.url={wrong}")
        assert (done.returncode != 0, "prometheus" in done.stderr) == (True, True)


def test_the_warning_of_data_residency_refuses_nothing_and_can_be_left_out() -> None:
    """It warns, in the namespaces that are operated."""
    kinds = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]
    policy, binding = [each for each in rendered("watchNamespaces={a,b}") if each["kind"] in kinds]
    assert policy["spec"]["failurePolicy"] == "Ignore"
    assert binding["spec"]["validationActions"] == ["Warn"]
    (selected,) = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
    assert selected["values"] == ["a", "b"]
    assert not [each for each in rendered("warnings.dataResidency=false") if each["kind"] in kinds]


def test_a_restriction_of_the_installation_refuses_and_fails_closed() -> None:
    """Only where there is one."""
    sets = ("warnings.dataResidency=false", "compliance.hipaa=true", "compliance.pci=true", "watchNamespaces={a}")
    policy, binding = [each for each in rendered(*sets) if each["kind"].startswith("ValidatingAdmission")]
    assert policy["spec"]["failurePolicy"] == "Fail"
    assert binding["spec"]["validationActions"] == ["Deny"]
    assert "HIPAA and PCI" in policy["spec"]["validations"][0]["message"]
    for fit in FIT:
        assert all(f"'{fit}'" in each["expression"] for each in policy["spec"]["validations"])


@pytest.mark.parametrize("url", ["redis://user:hunter2@valkey", "http://valkey", "valkey:6379"])
def test_a_store_with_a_password_in_the_values_is_refused(url: str) -> None:
    done = helm("template", "understudy", str(CHART), "--set", f"sharedState.url={url}")
    assert done.returncode != 0
    assert "sharedState" in done.stderr


def test_alerts_and_monitors_are_made_where_they_are_wanted() -> None:
    """Their kinds are the Prometheus operator's, which need not be there."""
    kinds = {"PrometheusRule", "PodMonitor"}
    assert not [each for each in rendered() if each["kind"] in kinds]
    on = ("prometheus.rules.enabled=true", "prometheus.rules.labels.team=voice", "prometheus.podMonitors.enabled=true")
    found = [each for each in rendered(*on) if each["kind"] in kinds]
    (rules,) = [each for each in found if each["kind"] == "PrometheusRule"]
    assert rules["spec"] == yaml.safe_load((CHART / "files/alerts.yaml").read_text())
    assert rules["metadata"]["labels"]["team"] == "voice"
    _, pods = [each for each in found if each["kind"] == "PodMonitor"]
    assert pods["spec"]["namespaceSelector"] == {"any": True}
    few = rendered("prometheus.podMonitors.enabled=true", "watchNamespaces={a,b}")
    assert [each["spec"].get("namespaceSelector") for each in few if each["kind"] == "PodMonitor"] == [
        None,
        {"matchNames": ["a", "b"]},
    ]


def test_pods_are_scraped_on_ports_that_they_have() -> None:
    """A PodMonitor that names a port no pod has finds nothing, silently."""
    (monitor,) = [
        each
        for each in rendered("prometheus.podMonitors.enabled=true")
        if each["kind"] == "PodMonitor" and each["metadata"]["name"].endswith("assistants")
    ]
    ports = {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]}
    labels = {**monitor["spec"]["selector"]["matchLabels"]}
    made = make_workloads(wanted(stored(snapshot())))
    pods = [each["spec"]["template"] for each in made if each["kind"] == "Deployment"]
    assert pods
    for pod in pods:
        assert labels.items() <= pod["metadata"]["labels"].items()
        assert ports & {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
