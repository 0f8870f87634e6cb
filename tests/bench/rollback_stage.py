"""The stage of the rollback benchmark: a namespace with cheap providers and several equal assistants."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.cluster import paths
from tests.demo import shell, stage
from understudy.base.digest import short_digest
from understudy.domain import naming

NAMESPACE = "understudy-bench"
ASSISTANTS = tuple(f"bench-{number}" for number in range(max(2, min(4, os.cpu_count() or 2))))
"""Several at a time, because a rollback takes as long as its calls; one for each core, because callers and agents of
more leave nothing to the operator and the API server, and then the queue for the processor is what is measured."""
READY_S = 420
"""Longest wait for the first start of the pods: agents that import Pipecat on two busy cores."""
PROXIES = 2
"""Of each assistant."""


@dataclass(frozen=True)
class Stage:
    """One assistant that is ready.

    Attributes:
        front_door: where the carrier asks what to do with a call.
        proxies: pod name → IP.
    """

    name: str
    front_door: str
    proxies: dict[str, str]


def prepare() -> list[Stage]:
    """Everything that is not there yet; assistants go back to their good revision.

    Raises:
        CommandFailed: an assistant did not become ready.
        SystemExit: there is no operator.
    """
    _require_operator()
    _namespace()
    _drop_outdated()
    text = Path(__file__).with_name("rollback.yaml").read_text()
    values = {"NAMESPACE": NAMESPACE, "SIMULATOR_IMAGE": stage.images()["simulator"], "DIGEST": short_digest(text)}
    for name in ASSISTANTS:
        shell.kubectl("apply", "-f", "-", stdin=Template(text).substitute(values, ASSISTANT=name))
    shell.kubectl("-n", NAMESPACE, "rollout", "status", "deployment/simulator", "--timeout=120s")
    for name in ASSISTANTS:
        _wait("wait", "--for=condition=Ready", f"va/{name}")  # from here on there is a proxy Deployment to wait for
    return [_ready(name) for name in ASSISTANTS]


def remove() -> None:
    """Take the namespace and everything in it away."""
    shell.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")


def kubeconfig() -> str:
    """Path of the kubeconfig."""
    return shell.environment().get("KUBECONFIG") or str(paths.kubeconfig())


def _require_operator() -> None:
    """Name what is missing and install nothing: whoever shares the cluster may be taking it away or upgrading it.

    Raises:
        SystemExit: there is no operator that is ready.
    """
    try:
        shell.kubectl("-n", stage.SYSTEM, "rollout", "status", "deployment/understudy", "--timeout=10s")
    except shell.CommandFailed as error:
        sys.exit(f"no operator is ready in {stage.SYSTEM}; `make demo` brings cluster and operator up: {error}")


def _namespace() -> None:
    found = shell.items("namespaces", NAMESPACE, f"kubernetes.io/metadata.name={NAMESPACE}")
    if any(each["status"]["phase"] == "Terminating" for each in found):
        _wait("wait", "--for=delete", f"namespace/{NAMESPACE}")
    manifest = shell.kubectl("create", "namespace", NAMESPACE, "--dry-run=client", "-o", "yaml")
    shell.kubectl("apply", "-f", "-", stdin=manifest)


def _drop_outdated() -> None:
    """Remove assistants whose stable agents have an older image: each canary would start agents of its own."""
    agents = shell.items("deployments", NAMESPACE, f"{naming.LABEL_COMPONENT}=agent")
    images = {each["spec"]["template"]["spec"]["containers"][0]["image"] for each in agents}
    if images - {stage.images()["agent"]}:
        shell.kubectl("-n", NAMESPACE, "delete", "va", "--all")
        for kind in ("deployments", "services"):
            _wait("wait", "--for=delete", kind, "-l", f"{naming.LABEL_NAME}=understudy")


def _ready(name: str) -> Stage:
    """Wait until both proxies serve the good revision, whatever the run before left behind."""
    _wait("rollout", "status", f"deployment/{naming.proxy(name)}")
    _wait("wait", "--for=jsonpath={.status.phase}=Stable", f"va/{name}")
    _wait("wait", f"--for=jsonpath={{.status.rollout.ackedProxies}}={PROXIES}", f"va/{name}")
    return Stage(name, _front_door(name), _proxy_pods(name))


def _wait(*command: str) -> None:
    shell.kubectl("-n", NAMESPACE, *command, f"--timeout={READY_S}s", timeout_s=READY_S + 10)


def _proxy_pods(name: str) -> dict[str, str]:
    selector = f"{naming.LABEL_INSTANCE}={name},{naming.LABEL_COMPONENT}=proxy"
    pods = [pod for pod in shell.items("pods", NAMESPACE, selector) if "deletionTimestamp" not in pod["metadata"]]
    ready = [pod for pod in pods if any(c["ready"] for c in pod["status"].get("containerStatuses", ()))]
    return {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in ready}


def _front_door(name: str) -> str:
    service = shell.get("service", naming.front_door(name), NAMESPACE)
    return f"http://{service['spec']['clusterIP']}:{naming.PROXY_PORT}{naming.twiml_path(NAMESPACE, name)}"
