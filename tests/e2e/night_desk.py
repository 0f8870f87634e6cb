"""A second assistant, smaller than the demo's: one proxy, one SLO, few calls; its namespace enforces `restricted`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from tests.demo import callers, shell
from tests.demo.watch import Watch
from understudy.domain import naming

NAMESPACE = "understudy-e2e"
NAME = "night-desk"
ADMISSION = "pod-security.kubernetes.io/enforce"

SMALLER = {
    "proxy": {"replicas": 1},
    "capacity": {"callsPerAgent": 20, "maxCallDuration": "2m"},
    "rollout": {"steps": [{"setWeight": 50}], "minCalls": 6, "falseRollbackPercent": 20},
    "slos": [
        {
            "name": "turn-latency",
            "latency": {"signal": "Turn", "threshold": "1600ms", "maxPercentOver": 20, "marginPercent": 10},
        }
    ],
}
"""Laid over the example. A slow model fails with five canary calls; a good one passes with six."""


def manifest() -> dict[str, Any]:
    """The assistant, made from the example that users start from."""
    document = example("20-front-desk.yaml")[0]
    document["metadata"]["name"] = NAME
    document["spec"] |= SMALLER
    return document


def example(name: str) -> list[dict[str, Any]]:
    """The documents of one example, moved into our namespace."""
    documents = [each for each in yaml.safe_load_all((shell.ROOT / "examples" / name).read_text()) if each]
    for document in documents:
        document["metadata"]["namespace"] = NAMESPACE
    return documents


def make() -> None:
    """Create everything, once what an earlier run left is gone, and wait until it can take calls."""
    phase = shell.kubectl("get", "namespace", NAMESPACE, "--ignore-not-found", "-o", "jsonpath={.status.phase}")
    if phase == "Terminating":
        shell.kubectl("wait", "--for=delete", f"namespace/{NAMESPACE}", "--timeout=180s")
    apply()
    kubectl("wait", "--for=condition=Ready", f"va/{NAME}", "--timeout=180s")


def apply() -> None:
    """Create the namespace, the Secrets, the plan and the assistant; or put them back to how they were made."""
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {ADMISSION: "restricted"}},
    }
    for document in (namespace, *example("00-secrets.yaml"), *example("10-fallback-plan.yaml"), manifest()):
        shell.kubectl("apply", "-f", "-", stdin=json.dumps(document))


def remove() -> None:
    """Take the namespace away, with everything in it; that goes on for a while."""
    shell.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")


def kubectl(*arguments: str) -> str:
    """`kubectl` in our namespace."""
    return shell.kubectl("-n", NAMESPACE, *arguments)


def get() -> dict[str, Any]:
    """The assistant."""
    return shell.get("va", NAME, NAMESPACE)


def patch(spec: dict[str, Any]) -> None:
    """Merge `spec` into its spec."""
    kubectl("patch", "va", NAME, "--type", "merge", "--patch", json.dumps({"spec": spec}))


def routing() -> dict[str, Any]:
    """The routing document in the cluster."""
    config_map = shell.get("configmap", naming.routing(NAME), NAMESPACE)
    document: dict[str, Any] = json.loads(config_map["data"]["routing.json"])
    return document


def selector(component: str) -> str:
    """Of its pods and their Deployments."""
    return f"{naming.LABEL_INSTANCE}={NAME},{naming.LABEL_COMPONENT}={component}"


def pods(component: str) -> list[dict[str, Any]]:
    """Its pods that are not on their way out."""
    found = shell.items("pods", NAMESPACE, selector(component))
    return [each for each in found if "deletionTimestamp" not in each["metadata"]]


def twiml() -> str:
    """Where a carrier asks what to do with a call."""
    return front_door() + naming.twiml_path(NAMESPACE, NAME)


def front_door() -> str:
    """Base URL of its front door."""
    return f"http://{shell.get('service', NAME, NAMESPACE)['spec']['clusterIP']}:{naming.PROXY_PORT}"


CALLERS = 4
"""At a time: a third of two idle cores. With eight, a machine that others slow down makes turns late by itself, and a
good model is blamed for it."""


def load() -> callers.Load:
    """Continuous calls to it; short ones, so that evidence comes quickly."""
    return callers.Load(concurrency=CALLERS, url=twiml(), dialogues=("hours",))


def observations() -> list[dict[str, Any]]:
    """Its finished calls, as its proxies recorded them."""
    return callers.observations(NAMESPACE, NAME)


@contextmanager
def watched() -> Iterator[Watch]:
    """Follow it; begins with its present state."""
    with Watch("va", NAME, NAMESPACE) as watch:
        watch.until(bool, 30, "the assistant")
        yield watch
