"""The Kubernetes API as the controller uses it: objects as JSON, server-side apply, optimistic locking.

Live reads rather than caches: a watch that died silently then costs a delay and never a wrong decision.
"""

from collections.abc import Mapping
from typing import Any, Self

import aiohttp
import orjson
from kubernetes_asyncio import client as kube
from kubernetes_asyncio import config as kube_config
from kubernetes_asyncio.config.config_exception import ConfigException

from understudy.adapters.cluster.errors import NOT_FOUND, ClusterError, Unreachable, error_for
from understudy.base.errors import UnderstudyError
from understudy.domain.desired.kinds import POD, Kind, kind_of
from understudy.domain.naming import FIELD_MANAGER

REQUEST_TIMEOUT_S = 20.0
"""Longer than the API server's own admission webhooks may take (10 s by default)."""

PAGE = 500
"""Objects per page of a list: what the API server's own clients use."""

_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_MERGE = "application/merge-patch+json"
_OK = range(200, 300)


class NoCluster(UnderstudyError):
    """There is neither a kubeconfig nor a service account to reach a cluster with."""


class KubeCluster:
    """The API server behind one kubeconfig or service account."""

    def __init__(self, api: kube.ApiClient) -> None:
        self._api = api

    @classmethod
    async def connect(cls, kubeconfig: str | None = None) -> Self:
        """A client for the cluster.

        Args:
            kubeconfig: path; None means the pod's service account, or else the user's default kubeconfig.

        Raises:
            NoCluster: no usable configuration.
        """
        configuration = kube.Configuration()
        try:
            await _load(configuration, kubeconfig)
        except (ConfigException, OSError) as error:
            raise NoCluster(f"no cluster: {error}") from error
        return cls(kube.ApiClient(configuration))

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    async def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        """The object, or None if there is none.

        Raises:
            ClusterError: anything but 200 and 404.
        """
        try:
            return await self._request("GET", kind.path(namespace, name))
        except ClusterError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    async def list(
        self, kind: Kind, namespace: str | None, labels: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Every object with these labels; of the whole cluster if `namespace` is None.

        Raises:
            ClusterError: the API server refused or did not answer.
        """
        query = {"limit": str(PAGE)}
        if labels:
            query["labelSelector"] = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        found: list[dict[str, Any]] = []
        while True:
            page = await self._request("GET", kind.collection(namespace), query)
            items = page.get("items") or []
            found += [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in items]
            following = (page.get("metadata") or {}).get("continue")
            if not following:
                return found
            query["continue"] = following

    async def ask_pod(self, namespace: str, pod_and_port: str, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """JSON that a pod answers to a GET, relayed by the API server; `pod_and_port`: `NAME:PORT`.

        Raises:
            ClusterError: the API server refused, or the pod did not answer with 2xx.
        """
        return await self._request("GET", f"{POD.path(namespace, pod_and_port)}/proxy{path}", query)

    async def apply(self, document: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply, taking over fields that others set.

        Raises:
            Conflict: `document` carries a resourceVersion and it is no longer current.
            ClusterError: the API server refused or did not answer.
        """
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self._request("PATCH", _path(document), query, document, _APPLY)

    async def merge(self, kind: Kind, namespace: str, name: str, patch: Mapping[str, Any], manager: str) -> None:
        """JSON merge patch, in the name of `manager`; without a version, so that it never meets a conflict.

        Raises:
            ClusterError: the API server refused or did not answer.
        """
        await self._request("PATCH", kind.path(namespace, name), {"fieldManager": manager}, dict(patch), _MERGE)

    async def create(self, document: dict[str, Any]) -> dict[str, Any]:
        """Create the object.

        Raises:
            Conflict: it exists.
            ClusterError: the API server refused or did not answer.
        """
        metadata = document["metadata"]
        return await self._request(
            "POST", kind_of(document).collection(metadata["namespace"]), {"fieldManager": FIELD_MANAGER}, document
        )

    async def replace(self, document: dict[str, Any]) -> dict[str, Any]:
        """Put the object in place of the version it names.

        Raises:
            Conflict: somebody else wrote first.
            ClusterError: the API server refused or did not answer.
        """
        return await self._request("PUT", _path(document), {"fieldManager": FIELD_MANAGER}, document)

    async def replace_status(self, document: dict[str, Any]) -> dict[str, Any]:
        """Put `document`'s status in place of the one of the version it names.

        Raises:
            Conflict: somebody else wrote first.
            ClusterError: the API server refused or did not answer.
        """
        return await self._request("PUT", f"{_path(document)}/status", {"fieldManager": FIELD_MANAGER}, document)

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        """Delete exactly the object with that uid; one that is gone already is fine.

        Raises:
            Conflict: another object has taken the name.
            ClusterError: the API server refused or did not answer.
        """
        body = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        try:
            await self._request("DELETE", kind.path(namespace, name), None, body)
        except ClusterError as error:
            if error.status != NOT_FOUND:
                raise

    async def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: dict[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        try:
            response = await self._api.call_api(
                path,
                method,
                query_params=list((query or {}).items()),
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=REQUEST_TIMEOUT_S,
            )
            raw = await response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{method} {path}: {error!r}") from error
        if response.status not in _OK:
            raise error_for(response.status, f"{method} {path}: {response.status} {_reason(raw)}")
        return dict(orjson.loads(raw))


async def _load(configuration: kube.Configuration, kubeconfig: str | None) -> None:
    if kubeconfig:
        await kube_config.load_kube_config(config_file=kubeconfig, client_configuration=configuration)
        return
    try:
        kube_config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except ConfigException:
        await kube_config.load_kube_config(client_configuration=configuration)


def _path(document: dict[str, Any]) -> str:
    metadata = document["metadata"]
    return kind_of(document).path(metadata["namespace"], metadata["name"])


def _reason(raw: bytes) -> str:
    """The message of a Status object, or the start of whatever else came."""
    try:
        return str(orjson.loads(raw).get("message", ""))
    except (orjson.JSONDecodeError, AttributeError):
        return raw[:200].decode(errors="replace")
