"""A real API server with our CRDs and nothing else: what it accepts, defaults and refuses is the truth."""

import itertools
import subprocess
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.cluster.apiserver import Server, running
from understudy.adapters.cluster.client import KubeCluster
from understudy.domain.desired.kinds import Kind

_numbers = itertools.count()


def kubectl(server: Server, *arguments: str, stdin: str | None = None) -> str:
    command = [str(server.programs / "kubectl"), "--kubeconfig", str(server.kubeconfig), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as server:
        kubectl(server, "apply", "--server-side", "-f", "crds/")
        kubectl(server, "wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        yield server


class CountingCluster(KubeCluster):
    """The real client; counts the requests that write."""

    writes = 0

    async def _request(self, method: str, *arguments: Any, **more: Any) -> dict[str, Any]:
        self.writes += method != "GET"
        return await super()._request(method, *arguments, **more)


@pytest.fixture
async def cluster(server: Server) -> AsyncIterator[CountingCluster]:
    connected = await CountingCluster.connect(str(server.kubeconfig))
    yield connected
    await connected.close()


@pytest.fixture
def namespace(server: Server) -> str:
    """A new namespace that enforces the restricted Pod Security Standard."""
    name = f"test-{next(_numbers)}"
    kubectl(server, "create", "namespace", name)
    kubectl(server, "label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    manifest = '{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default"}}'
    kubectl(server, "-n", name, "apply", "-f", "-", stdin=manifest)
    return name


def names(documents: list[dict[str, Any]]) -> list[str]:
    return sorted(each["metadata"]["name"] for each in documents)


async def listed(cluster: KubeCluster, kind: Kind, namespace: str) -> list[str]:
    return names(await cluster.list(kind, namespace))
