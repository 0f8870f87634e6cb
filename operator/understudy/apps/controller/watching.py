"""kopf, embedded: it watches, and its handlers only put keys into our queue.

`on.event` handlers alone make kopf write nothing: no finalizers, no annotations, no status. Errors in them are
logged and forgotten by kopf, which is why nothing is decided here.

ConfigMaps with prompts or golden calls are not watched, because that would mean reading every ConfigMap of the cluster:
an edited one is noticed at the next resync.
"""

from collections.abc import Mapping
from typing import Any

import kopf

from understudy.apps.controller.intake import Intake
from understudy.domain import naming

OURS = f"{naming.LABEL_MANAGED_BY}={naming.labels('', '')[naming.LABEL_MANAGED_BY]}"
"""Selects what we own, on the server's side: other people's pods never reach us."""

SERVER_TIMEOUT_S = 300
"""A watch is asked anew every 5 minutes, before proxies and load balancers tend to cut it silently."""

CLIENT_TIMEOUT_S = 310
"""A little more than the server's: the server ends watches, the client only those that the server forgot."""

CONNECT_TIMEOUT_S = 30
"""For a connection to the API server, which may be a slow line away."""
INACTIVITY_TIMEOUT_S = 70
"""The API server sends a bookmark every 60 s; a stream without any for longer is dead."""

REQUEST_TIMEOUT_S = 30
"""For one request that is no watch: a list of thousands of objects takes seconds."""
WORKER_LIMIT = 20
"""Objects whose events are handled at once; a handler takes microseconds."""


def make_settings() -> kopf.OperatorSettings:
    """Kopf's settings, with every timeout set: its defaults wait for ever."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.posting.loggers = False
    settings.scanning.disabled = True  # no rights on namespaces and CRDs are needed then
    settings.watching.server_timeout = SERVER_TIMEOUT_S
    settings.watching.client_timeout = CLIENT_TIMEOUT_S
    settings.watching.connect_timeout = CONNECT_TIMEOUT_S
    settings.watching.inactivity_timeout = INACTIVITY_TIMEOUT_S
    settings.networking.request_timeout = REQUEST_TIMEOUT_S
    settings.networking.connect_timeout = CONNECT_TIMEOUT_S
    settings.queueing.worker_limit = WORKER_LIMIT
    settings.persistence.finalizer = f"{naming.GROUP}/never-set"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=f"kopf.{naming.GROUP}")
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=f"kopf.{naming.GROUP}")
    for plural in ("deployments", "pods"):
        settings.watching.label_selectors[plural] = OURS
    return settings


def make_registry(intake: Intake) -> kopf.OperatorRegistry:
    """Handlers that tell `intake` what changed."""
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    def login(**kwargs: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)

    @kopf.on.event(naming.GROUP, naming.VERSION, "voiceassistants", registry=registry)
    async def assistant(type: str | None, body: Mapping[str, Any], **_: Any) -> None:  # noqa: A002 - kopf's name
        intake.assistant(type, body)

    @kopf.on.event(naming.GROUP, naming.VERSION, "fallbackplans", registry=registry)
    async def plan(body: Mapping[str, Any], **_: Any) -> None:
        intake.plan(body["metadata"]["namespace"], body["metadata"]["name"])

    @kopf.on.event("apps", "v1", "deployments", registry=registry)
    @kopf.on.event("v1", "pods", registry=registry)
    async def owned(body: Mapping[str, Any], **_: Any) -> None:
        intake.owned(body)

    return registry
