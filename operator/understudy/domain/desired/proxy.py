"""The routing-proxies of one assistant: Deployment, front-door Service, disruption budget."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from understudy.domain import naming
from understudy.domain.desired import pods
from understudy.domain.desired.kinds import DEPLOYMENT, DISRUPTION_BUDGET, SERVICE
from understudy.domain.desired.owner import Owner, make_object

GRACE_MARGIN_S = 60
"""Added to the longest call when a pod is asked to go: time to hang up and to hand over what it observed."""

ENDPOINT_LAG_S = 3
"""How long a pod goes on as before when it is asked to go, so that no new call is sent to a closed door."""

PROGRESS_DEADLINE_S = 300
"""When Kubernetes calls a Deployment stuck: long enough to pull an image on a slow line."""

RESOURCES = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}
"""No CPU limit: throttling shows as silence on the line."""


@dataclass(frozen=True, slots=True)
class SharedState:
    """Where proxies share what they know of deployments; they go on alone where it is away.

    Attributes:
        url: of a Redis or Valkey without a password; empty: it is in a Secret.
        secret: a Secret of the assistant's namespace that holds the URL; empty: there is none.
        key: in that Secret.
        prefix: of its keys.
    """

    url: str = ""
    secret: str = ""
    key: str = "url"
    prefix: str = "understudy"


UNSHARED = SharedState()
"""Nothing is shared."""


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """What a proxy Deployment is made from."""

    image: str
    pull_policy: str = "IfNotPresent"
    replicas: int = 2
    max_call_duration_ms: int = 1_800_000
    secrets: tuple[str, ...] = ()
    """Secrets of every revision in the history, so that undoing a change restarts nothing, and of whoever scores."""
    template: dict[str, Any] = field(default_factory=dict)
    shared_state: SharedState = UNSHARED


def grace_s(max_call_duration_ms: int) -> int:
    """`terminationGracePeriodSeconds` that lets the longest call end by itself (P5)."""
    return -(-max_call_duration_ms // 1000) + GRACE_MARGIN_S + ENDPOINT_LAG_S


def credentials_volume(secrets: Iterable[str]) -> dict[str, Any]:
    """The keys we may need of each Secret as one volume, SECRET/KEY; optional, so that a missing one stops no pod."""
    return {
        "name": "credentials",
        "projected": {
            "sources": [
                {
                    "secret": {
                        "name": secret,
                        "optional": True,
                        "items": [{"key": key, "path": f"{secret}/{key}"} for key in naming.SECRET_KEYS],
                    }
                }
                for secret in sorted(set(secrets))
            ]
        },
    }


def _shared_state(shared: SharedState) -> list[dict[str, Any]]:
    """Nothing where nothing is shared, so that proxies are not replaced when this version comes."""
    if not shared.url and not shared.secret:
        return []
    url: dict[str, Any] = {"name": naming.SHARED_STATE_URL}
    if shared.secret:
        # Optional, because a namespace without the Secret is to be served all the same.
        url["valueFrom"] = {"secretKeyRef": {"name": shared.secret, "key": shared.key, "optional": True}}
    else:
        url["value"] = shared.url
    return [url, {"name": naming.SHARED_STATE_PREFIX, "value": shared.prefix}]


def _container(owner: Owner, settings: ProxySettings) -> dict[str, Any]:
    return {
        "name": "proxy",
        "image": settings.image,
        "imagePullPolicy": settings.pull_policy,
        "args": ["proxy"],
        "env": [
            pods.from_field("POD_IP", "status.podIP"),
            pods.from_field("POD_NAME", "metadata.name"),
            pods.from_field("POD_NAMESPACE", "metadata.namespace"),
            {"name": "UNDERSTUDY_ASSISTANTS", "value": f"{owner.namespace}/{owner.name}"},
            *_shared_state(settings.shared_state),
        ],
        "ports": [
            {"name": "http", "containerPort": naming.PROXY_PORT},
            {"name": "admin", "containerPort": naming.ADMIN_PORT},
        ],
        "startupProbe": pods.http_probe("/healthz", "admin", 1, 60),
        "livenessProbe": pods.http_probe("/healthz", "admin", 10, 3),
        "readinessProbe": pods.http_probe("/readyz", "admin", 2, 2),
        "lifecycle": {"preStop": {"sleep": {"seconds": ENDPOINT_LAG_S}}},
        "resources": RESOURCES,
        "securityContext": pods.container_security(),
        "volumeMounts": [
            {
                "name": "credentials",
                "mountPath": f"{naming.CREDENTIALS_DIR}/{owner.namespace}",
                "readOnly": True,
            },
            {"name": "state", "mountPath": naming.STATE_DIR},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own, in an emptyDir
        ],
    }


def _pod(owner: Owner, settings: ProxySettings) -> dict[str, Any]:
    return {
        "serviceAccountName": naming.proxy(owner.name),
        "terminationGracePeriodSeconds": grace_s(settings.max_call_duration_ms),
        "enableServiceLinks": False,
        "securityContext": pods.pod_security(),
        "dnsConfig": pods.dns_config(),
        "topologySpreadConstraints": pods.spread(naming.labels(owner.name, "proxy")),
        "containers": [_container(owner, settings)],
        "volumes": [
            credentials_volume(settings.secrets),
            {"name": "state", "emptyDir": {"sizeLimit": "64Mi"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }


def make_proxy_deployment(owner: Owner, settings: ProxySettings) -> dict[str, Any]:
    """The proxies. `maxUnavailable: 0`: a new pod is ready before an old one stops taking calls."""
    labels = naming.labels(owner.name, "proxy")
    return make_object(
        DEPLOYMENT,
        owner,
        naming.proxy(owner.name),
        "proxy",
        spec={
            "replicas": settings.replicas,
            "progressDeadlineSeconds": PROGRESS_DEADLINE_S,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": labels},
                "spec": pods.with_template(_pod(owner, settings), settings.template),
            },
        },
    )


def make_front_door(owner: Owner) -> dict[str, Any]:
    """The Service that carriers reach."""
    return make_object(
        SERVICE,
        owner,
        naming.front_door(owner.name),
        "proxy",
        spec={
            "type": "ClusterIP",
            "selector": naming.labels(owner.name, "proxy"),
            "ports": [
                {"name": "http", "port": naming.PROXY_PORT, "targetPort": "http", "protocol": "TCP"},
            ],
        },
    )


def make_disruption_budget(owner: Owner, name: str, component: str, selector: dict[str, str]) -> dict[str, Any]:
    """One pod at a time: a drained node never takes the last one, and one replica can still be moved."""
    return make_object(
        DISRUPTION_BUDGET,
        owner,
        name,
        component,
        spec={"maxUnavailable": 1, "selector": {"matchLabels": selector}},
    )


def make_proxy_budget(owner: Owner) -> dict[str, Any]:
    """PodDisruptionBudget of the proxies."""
    return make_disruption_budget(owner, naming.proxy(owner.name), "proxy", naming.labels(owner.name, "proxy"))


def address(namespace: str, assistant: str) -> str:
    """The front door's URL inside the cluster: `status.address`."""
    return f"http://{naming.front_door(assistant)}.{namespace}.svc:{naming.PROXY_PORT}"
