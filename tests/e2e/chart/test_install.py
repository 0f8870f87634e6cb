"""The chart's life: tested, upgraded without effect, uninstalled with the assistant still serving, installed again."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.demo import shell, stage
from tests.demo.stage import ASSISTANT, NAMESPACE, SYSTEM
from understudy.domain import naming

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("installed")]

OURS = f"{naming.LABEL_INSTANCE}={ASSISTANT}"


def pods() -> dict[str, str]:
    """Name → uid of the assistant's pods that are not on their way out."""
    found = shell.items("pods", NAMESPACE, OURS)
    return {
        each["metadata"]["name"]: each["metadata"]["uid"]
        for each in found
        if "deletionTimestamp" not in each["metadata"]
    }


def revisions() -> list[str]:
    return sorted(each["metadata"]["name"] for each in shell.items("controllerrevisions", NAMESPACE, OURS))


def rollout() -> dict[str, Any]:
    status = shell.get("va", ASSISTANT, NAMESPACE)["status"]
    return {key: status[key] for key in ("phase", "stableRevision", "canaryRevision")} | {
        "generation": status["rollout"]["generation"]
    }


def standing() -> Any:
    return (pods(), revisions(), rollout())


def front_door_answers() -> bool:
    """Whether the front door still tells a carrier what to do with a call."""
    url = f"{stage.front_door()}{naming.twiml_path(NAMESPACE, ASSISTANT)}"
    program = f"import urllib.request; print(urllib.request.urlopen({url!r}, data=b'', timeout=5).status)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    return done.stdout.strip() == "200"


def reconciled_since(before: str) -> bool:
    """Whether an operator that began to lead after the lease transition `before` has looked at the assistants."""
    lease = shell.get("lease", "understudy-controller", SYSTEM)["spec"]
    if not lease.get("holderIdentity") or str(lease["leaseTransitions"]) == before:
        return False
    metrics = f"/api/v1/namespaces/{SYSTEM}/pods/{lease['holderIdentity']}:9090/proxy/metrics"
    return 'understudy_controller_assistants{phase="' in shell.kubectl("get", "--raw", metrics)


def transitions() -> str:
    return str(shell.get("lease", "understudy-controller", SYSTEM)["spec"]["leaseTransitions"])


def eventually(what: Callable[[], bool], message: str) -> None:
    """Ask kubectl until `what` holds; every question takes a while by itself."""
    for _ in range(300):
        if what():
            return
    pytest.fail(message)


def test_helm_test_passes() -> None:
    assert "Succeeded" in shell.run("helm", "test", "understudy", "--namespace", SYSTEM, "--timeout", "2m")


def test_an_upgrade_that_changes_nothing_restarts_no_proxy_and_starts_no_rollout() -> None:
    """Even when the operator itself is a new pod afterwards."""
    before, led = standing(), transitions()
    shell.run("helm", "upgrade", "understudy", "helm/understudy", "--namespace", SYSTEM, "--reuse-values", "--wait")
    shell.kubectl("-n", SYSTEM, "rollout", "restart", "deployment/understudy")
    shell.kubectl("-n", SYSTEM, "rollout", "status", "deployment/understudy", "--timeout=120s")
    eventually(lambda: reconciled_since(led), "the new operator never looked")
    shell.kubectl("wait", "--for=condition=Ready", f"va/{ASSISTANT}", "--timeout=60s")
    assert standing() == before


def test_uninstalled_the_assistant_serves_and_deletion_does_not_hang() -> None:
    """No finalizer waits for an operator that is gone; the CRDs stay; installing again changes nothing."""
    values = json.loads(shell.run("helm", "get", "values", "understudy", "--namespace", SYSTEM, "-o", "json"))
    before, led = standing(), transitions()
    shell.run("helm", "uninstall", "understudy", "--namespace", SYSTEM, "--wait")
    try:
        assert standing() == before
        assert front_door_answers()
        example = shell.get("va", ASSISTANT, NAMESPACE)
        spare = {
            "apiVersion": example["apiVersion"],
            "kind": example["kind"],
            "metadata": {"name": "spare", "namespace": NAMESPACE},
            "spec": example["spec"],
        }
        shell.kubectl("apply", "-f", "-", stdin=json.dumps(spare))
        shell.kubectl("-n", NAMESPACE, "delete", "va/spare", "--wait", "--timeout=10s", timeout_s=15)
    finally:
        shell.run(
            "helm", "install", "understudy", "helm/understudy", "--namespace", SYSTEM, "--wait",
            "--set-json", f"images={json.dumps(values['images'])}",
        )  # fmt: skip
    eventually(lambda: reconciled_since(led), "the new operator never looked")
    shell.kubectl("wait", "--for=condition=Ready", f"va/{ASSISTANT}", "--timeout=60s")
    assert standing() == before
