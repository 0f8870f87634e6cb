"""Routing documents from Kubernetes, by name: a proxy may read its own ConfigMap and revisions, and nothing else."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from typing import Any, Self

import aiohttp
import orjson
from kubernetes_asyncio import client as kube
from kubernetes_asyncio import config as kube_config
from kubernetes_asyncio.client.exceptions import ApiException

from understudy.domain import naming
from understudy.domain.routing.document import KEY

log = logging.getLogger(__name__)

WATCH_S = 240
"""Seconds after which the API server ends a watch: a watch that died silently costs at most this, as a fresh list
follows each."""

READ_TIMEOUT_S = WATCH_S + 15
"""Client's patience with a watch; longer than `WATCH_S`, so that only a dead connection meets it."""

REQUEST_TIMEOUT_S = 10
"""Lists and reads of one small object: more means that the API server is not well."""

BACKOFF_FIRST_S = 0.2
"""First pause after a failure: an API server that restarts answers again within seconds."""

BACKOFF_LONGEST_S = 10.0
"""Longest pause: a third of a canary's lease, so that it is renewed in time once the API server is back."""

LINE_LIMIT = 2**20
"""Bytes in one watch event: a ConfigMap is at most 1 MiB."""


class ClusterDocuments:
    """The API server, seen by a proxy's service account."""

    def __init__(self, api: kube.ApiClient) -> None:
        self._api = api
        self._random = random.Random()  # noqa: S311 - spreads retries, keeps no secret

    @classmethod
    async def connect(cls, kubeconfig: str | None = None) -> Self:
        """A client from the pod's service account, or from `kubeconfig` where a path is given."""
        configuration = kube.Configuration()
        if kubeconfig:
            await kube_config.load_kube_config(config_file=kubeconfig, client_configuration=configuration)
        else:
            kube_config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        return cls(kube.ApiClient(configuration))

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    async def routing(self, namespace: str, assistant: str) -> AsyncIterator[str]:
        """The routing document as JSON text, now and whenever it changes; goes on for ever."""
        pause = BACKOFF_FIRST_S
        while True:
            try:
                async for text in self._list_and_watch(namespace, naming.routing(assistant)):
                    pause = BACKOFF_FIRST_S
                    yield text
                continue
            except (ApiException, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                log.info("%s/%s: the watch ended: %s", namespace, assistant, _short(error))
            await asyncio.sleep(pause * self._random.uniform(0.5, 1.0))
            pause = min(pause * 2, BACKOFF_LONGEST_S)

    async def snapshot(self, namespace: str, object_name: str) -> str:
        """The `data` of the ControllerRevision as JSON text.

        Raises:
            LookupError: it is not there, or the right to read it has not arrived.
            OSError: the API server cannot be reached or is not well.
        """
        path = f"/apis/apps/v1/namespaces/{namespace}/controllerrevisions/{object_name}"
        try:
            found = await self._get(path, {})
        except ApiException as error:
            if error.status in (403, 404):
                raise LookupError(object_name) from error
            raise ConnectionError(_short(error)) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ConnectionError(_short(error)) from error
        return orjson.dumps(found["data"]).decode()

    async def _list_and_watch(self, namespace: str, name: str) -> AsyncIterator[str]:
        """One list and one watch from where it ended, until the API server ends the watch."""
        path = f"/api/v1/namespaces/{namespace}/configmaps"
        # The field selector is what makes a list pass RBAC that names the one ConfigMap.
        select = {"fieldSelector": f"metadata.name={name}"}
        listed = await self._get(path, select)
        for item in listed["items"]:
            if text := _text(item):
                yield text
        version = listed["metadata"]["resourceVersion"]
        query = {**select, "watch": "true", "resourceVersion": version, "timeoutSeconds": str(WATCH_S)}
        response = await self._request(path, query, READ_TIMEOUT_S)
        try:
            async for line in _lines(response.content):
                event = orjson.loads(line)
                if event["type"] == "ERROR":
                    raise ConnectionError("the watch expired")  # 410 Gone: list again
                # A deleted ConfigMap changes nothing: the last good document stays in force.
                if event["type"] in ("ADDED", "MODIFIED") and (text := _text(event["object"])):
                    yield text
        finally:
            response.close()

    async def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        response = await self._request(path, query, REQUEST_TIMEOUT_S)
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            found: dict[str, Any] = orjson.loads(await response.read())
        return found

    async def _request(self, path: str, query: dict[str, str], seconds: float) -> aiohttp.ClientResponse:
        """Send a GET; the answer's body is still to be read.

        Raises:
            ApiException: any status but 200.
        """
        response: aiohttp.ClientResponse = await self._api.call_api(
            path,
            "GET",
            query_params=list(query.items()),
            header_params={"Accept": "application/json"},
            auth_settings=["BearerToken"],
            _preload_content=False,
            _return_http_data_only=True,
            _request_timeout=aiohttp.ClientTimeout(total=None, sock_connect=REQUEST_TIMEOUT_S, sock_read=seconds),
        )
        if response.status != 200:  # noqa: PLR2004
            response.close()
            raise ApiException(status=response.status, reason=response.reason)
        return response


async def _lines(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Lines of a stream, without aiohttp's own limit on a line, which is smaller than a ConfigMap.

    Raises:
        ValueError: a line longer than `LINE_LIMIT`.
    """
    rest = b""
    async for chunk in stream.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LINE_LIMIT:
            raise ValueError("a watch event without end")
        for line in lines:
            if line:
                yield line


def _text(config_map: dict[str, Any]) -> str | None:
    found = (config_map.get("data") or {}).get(KEY)
    return found if isinstance(found, str) else None


def _short(error: Exception) -> str:
    """An error without headers and bodies, which may be long."""
    if isinstance(error, ApiException):
        return f"HTTP {error.status} {error.reason}"
    return type(error).__name__
