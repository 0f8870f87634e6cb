"""What all our pods have in common: the restricted security context, spreading, and the user's template."""

from typing import Any

USER_ID = 10001
"""The images' user; a number, because runAsNonRoot can only be checked against one."""

TEMPLATE_CONTAINER_FIELDS = ("resources",)
TEMPLATE_POD_FIELDS = ("nodeSelector", "tolerations", "affinity", "imagePullSecrets", "priorityClassName")


def pod_security() -> dict[str, Any]:
    """Pod-level security context that passes the `restricted` Pod Security Standard."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "fsGroup": USER_ID,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """Container-level security context: nothing to gain, nothing to write on."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def spread(selector: dict[str, str]) -> list[dict[str, Any]]:
    """Topology spread over nodes; a preference, so that one node is enough to run."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector},
        }
    ]


def dns_config() -> dict[str, Any]:
    """`ndots: 1`: provider names are looked up as they are, not through every search domain first."""
    return {"options": [{"name": "ndots", "value": "1"}]}


def http_probe(path: str, port: str, period_s: int, failures: int) -> dict[str, Any]:
    """An HTTP probe; `failures` misses in a row, `period_s` apart, make it fail."""
    return {
        "httpGet": {"path": path, "port": port},
        "periodSeconds": period_s,
        "failureThreshold": failures,
        "timeoutSeconds": 5,
    }


def env_list(values: dict[str, str]) -> list[dict[str, Any]]:
    """Environment variables in a fixed order: rendering the same input twice gives the same text."""
    return [{"name": name, "value": values[name]} for name in sorted(values)]


def from_field(name: str, path: str) -> dict[str, Any]:
    """An environment variable taken from the pod itself."""
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def with_template(pod: dict[str, Any], template: dict[str, Any]) -> dict[str, Any]:
    """`pod` (a pod spec with one container) with the user's template laid over it.

    `env` adds variables after ours, and a name that is ours stays ours: the user cannot point an agent elsewhere by
    mistake.
    """
    (container,) = pod["containers"]
    ours = {variable["name"] for variable in container.get("env", [])}
    extra = [variable for variable in template.get("env", []) if variable["name"] not in ours]
    container = {
        **container,
        **{field: template[field] for field in TEMPLATE_CONTAINER_FIELDS if template.get(field)},
        "env": [*container.get("env", []), *extra],
    }
    chosen = {field: template[field] for field in TEMPLATE_POD_FIELDS if template.get(field)}
    return {**pod, **chosen, "containers": [container]}
