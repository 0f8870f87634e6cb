"""The cluster as a person at a terminal sees it: their kubeconfig and rights, pods asked by way of the API server."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from kubernetes_asyncio import client as kube
from kubernetes_asyncio import config as kube_config
from kubernetes_asyncio.config.config_exception import ConfigException

from understudy.adapters.cluster.client import KubeCluster, NoCluster
from understudy.domain.desired.kinds import DEPLOYMENT, POD, REVISION, VOICE_ASSISTANT

MANAGER = "kubectl-understudy"
"""Field manager of what a person asks for."""

KUBECONFIG = "~/.kube/config"
"""Where kubectl looks when nothing is said."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What kubectl's own options say.

    Attributes:
        kubeconfig: paths, separated by colons; None: the default.
        context: name of a context in it; None: the current one.
        namespace: None: the context's.
    """

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None


class Inspector:
    """Reads assistants and asks their pods.

    Attributes:
        namespace: the one that was asked for, or the context's.
    """

    def __init__(self, cluster: KubeCluster, namespace: str) -> None:
        self._cluster = cluster
        self.namespace = namespace

    @classmethod
    async def connect(cls, where: Whereabouts) -> Self:
        """As kubectl would: from the kubeconfig, or from the pod's service account where there is none.

        Raises:
            NoCluster: no usable configuration, or no such context.
        """
        configuration = kube.Configuration()
        files = where.kubeconfig or KUBECONFIG
        there = _exists(files)
        if where.kubeconfig and not there:
            raise NoCluster(f"no cluster: there is no {where.kubeconfig}")
        try:
            found = await _load(configuration, files if there else None, where.context)
        except (ConfigException, OSError) as error:
            raise NoCluster(f"no cluster: {error}") from error
        return cls(KubeCluster(kube.ApiClient(configuration)), where.namespace or found or "default")

    async def close(self) -> None:
        """Close connections."""
        await self._cluster.close()

    async def assistants(self) -> list[dict[str, Any]]:
        """Every VoiceAssistant of the namespace.

        Raises:
            ClusterError: the API server refused or did not answer.
        """
        return await self._cluster.list(VOICE_ASSISTANT, self.namespace)

    async def assistant(self, name: str) -> dict[str, Any] | None:
        """One VoiceAssistant; None: there is none.

        Raises:
            ClusterError: the API server refused or did not answer.
        """
        return await self._cluster.get(VOICE_ASSISTANT, self.namespace, name)

    async def pods(self, labels: dict[str, str]) -> list[dict[str, Any]]:
        """Pods with these labels.

        Raises:
            ClusterError: the API server refused or did not answer.
        """
        return await self._cluster.list(POD, self.namespace, labels)

    async def deployments(self, labels: dict[str, str]) -> list[dict[str, Any]]:
        """Deployments with these labels.

        Raises:
            ClusterError: the API server refused or did not answer.
        """
        return await self._cluster.list(DEPLOYMENT, self.namespace, labels)

    async def revisions(self, labels: dict[str, str]) -> list[dict[str, Any]]:
        """ControllerRevisions with these labels.

        Raises:
            ClusterError: the API server refused or did not answer.
        """
        return await self._cluster.list(REVISION, self.namespace, labels)

    async def annotate(self, name: str, annotation: str, value: str) -> None:
        """Set one annotation of a VoiceAssistant.

        Raises:
            ClusterError: the API server refused or did not answer; 404: there is no such VoiceAssistant.
        """
        patch = {"metadata": {"annotations": {annotation: value}}}
        await self._cluster.merge(VOICE_ASSISTANT, self.namespace, name, patch, MANAGER)

    async def ask(self, pod: str, port: int, path: str, query: dict[str, str]) -> dict[str, Any]:
        """JSON from a pod's port, through the API server: `get` on `pods/proxy`.

        Raises:
            ClusterError: the API server refused, or the pod did not answer.
        """
        return await self._cluster.ask_pod(self.namespace, f"{pod}:{port}", path, query)


def _exists(files: str) -> bool:
    """Whether one of the colon-separated files is there."""
    return any(Path(each).expanduser().exists() for each in files.split(":") if each)


async def _load(configuration: kube.Configuration, files: str | None, context: str | None) -> str | None:
    """Fill `configuration`; the context's namespace."""
    if files is None:
        kube_config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        return None
    contexts, current = kube_config.list_kube_config_contexts(config_file=files)
    chosen = context or (current or {}).get("name")
    found = next((each for each in contexts if each["name"] == chosen), None)
    if found is None:
        raise ConfigException(f"there is no context {chosen!r}")
    await kube_config.load_kube_config(config_file=files, context=chosen, client_configuration=configuration)
    namespace: str | None = found["context"].get("namespace")
    return namespace
