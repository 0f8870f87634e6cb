"""The chart's admission policies, put in force on the API server for the time of a block."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import yaml

from tests.api.manifests import API_VERSION, Manifest
from tests.api.server import PLURALS, ROOT, Kube
from tests.cluster.apiserver import Server

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
PATHS = {
    "ValidatingAdmissionPolicy": f"{ADMISSION}/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": f"{ADMISSION}/validatingadmissionpolicybindings",
}

IN_FORCE_S = 30.0
"""Longest wait for the API server to take a new policy up; it takes about a second."""


def apply(kube: Kube, manifest: Manifest, **params: str) -> httpx.Response:
    """Apply on the server's side."""
    name, plural = manifest["metadata"]["name"], PLURALS[manifest["kind"]]
    return kube.client.patch(
        f"/apis/{API_VERSION}/namespaces/default/{plural}/{name}",
        params={"fieldManager": "tests", "force": "true", **params},
        headers={"Content-Type": "application/apply-patch+yaml"},
        content=yaml.safe_dump(manifest),
    )


@contextmanager
def in_force(
    server: Server, kube: Kube, name: str, *sets: str, shows: Callable[[], bool]
) -> Iterator[list[dict[str, Any]]]:
    """The chart's policy `name` and its binding, rendered with `sets`; `shows` tells whether they are in force."""
    options = [part for each in sets for part in ("--set", each)]
    command = [server.programs / "helm", "template", "understudy", ROOT / "helm/understudy", *options]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rendered = (each for each in yaml.safe_load_all(text) if each and each["kind"] in PATHS)
    policies = [each for each in rendered if each["metadata"]["name"] == name]
    assert [each["kind"] for each in policies] == list(PATHS)
    for each in policies:
        answer = kube.client.post(PATHS[each["kind"]], json=each)
        assert answer.status_code == 201, answer.text
    _until(shows, wanted=True)
    yield policies
    for each in reversed(policies):
        kube.client.delete(f"{PATHS[each['kind']]}/{name}")
    _until(shows, wanted=False)


def _until(shows: Callable[[], bool], *, wanted: bool) -> None:
    deadline = time.perf_counter() + IN_FORCE_S
    while shows() is not wanted:
        assert time.perf_counter() < deadline, "the API server does not take the policy up, or does not let go of it"
