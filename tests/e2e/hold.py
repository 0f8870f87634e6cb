"""Keep the operator between two of its writes: the API server refuses the second one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.demo import shell
from tests.e2e import night_desk

NAME = "understudy-e2e-hold"
WORDS = "held by a test"
TRIES = 100
"""A policy is in force a few seconds after it was made; each try asks the API server."""


def _policy(revision: str) -> list[dict[str, Any]]:
    """Refuses routing documents that reject `revision`."""
    api = "admissionregistration.k8s.io/v1"
    document = "object.data['routing.json']"
    absent = "!has(object.data) || !('routing.json' in object.data)"
    harmless = f"{absent} || !{document}.matches('\"rejected\":.[^]]*{revision}')"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}
    return [
        {
            "apiVersion": api,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": NAME},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [rule]},
                "validations": [{"expression": harmless, "message": WORDS}],
            },
        },
        {
            "apiVersion": api,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": NAME},
            "spec": {
                "policyName": NAME,
                "validationActions": ["Deny"],
                "matchResources": {
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": night_desk.NAMESPACE}}
                },
            },
        },
    ]


@contextmanager
def before_routing_rejects(revision: str) -> Iterator[None]:
    """While this lasts, the decision to take `revision` back is on record and no proxy learns of it."""
    for document in _policy(revision):
        shell.kubectl("apply", "-f", "-", stdin=json.dumps(document))
    try:
        _wait_in_force(revision)
        yield
    finally:
        for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
            shell.kubectl("delete", kind, NAME, "--ignore-not-found")


def _wait_in_force(revision: str) -> None:
    probe = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "probe", "namespace": night_desk.NAMESPACE},
        "data": {"routing.json": json.dumps({"rejected": [revision]}, separators=(",", ":"))},
    }
    for _ in range(TRIES):
        try:
            shell.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(probe))
        except shell.CommandFailed as refused:
            if WORDS in str(refused):
                return
            raise
    msg = f"{NAME} is not in force"
    raise TimeoutError(msg)
