"""The chart's life: tested, upgraded without effect, uninstalled with the assistant still serving, installed again."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.demo import callers, shell
from tests.demo.stage import ASSISTANT, NAMESPACE, SYSTEM
from tests.e2e import night_desk
from tests.e2e.calls import place
from understudy.domain import naming

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("installed")]

OURS = f"{naming.LABEL_INSTANCE}={ASSISTANT}"
MANAGED = f"{naming.LABEL_INSTANCE}={night_desk.NAME}"


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


@pytest.mark.usefixtures("night")
def test_uninstalled_the_assistants_serve_and_deletion_does_not_hang() -> None:
    """No finalizer waits for an operator that is gone; the CRDs stay; installing again changes nothing."""
    values = json.loads(shell.run("helm", "get", "values", "understudy", "--namespace", SYSTEM, "-o", "json"))
    before, led = standing(), transitions()
    shell.run("helm", "uninstall", "understudy", "--namespace", SYSTEM, "--wait")
    try:
        assert standing() == before
        assert place(callers.twiml())["ended"] == "completed"
        night_desk.kubectl("delete", "va", night_desk.NAME, "--wait", "--timeout=10s")
        night_desk.kubectl("wait", "--for=delete", "pods", "--all", "--timeout=60s")
        assert night_desk.kubectl("get", "deployments,services,configmaps", "-l", MANAGED, "-o", "name") == ""
    finally:
        shell.run(
            "helm", "install", "understudy", "helm/understudy", "--namespace", SYSTEM, "--wait",
            "--set-json", f"images={json.dumps(values['images'])}",
        )  # fmt: skip
    eventually(lambda: reconciled_since(led), "the new operator never looked")
    shell.kubectl("wait", "--for=condition=Ready", f"va/{ASSISTANT}", "--timeout=60s")
    assert standing() == before
