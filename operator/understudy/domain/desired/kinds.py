"""The kinds of objects we read and write, as the API server addresses them."""

from dataclasses import dataclass
from typing import Any

from understudy.domain import naming


@dataclass(frozen=True, slots=True)
class Kind:
    """A namespaced kind."""

    api_version: str
    kind: str
    plural: str

    def collection(self, namespace: str | None) -> str:
        """URL path of all objects, of one namespace or (None) of the whole cluster."""
        group = "/api" if "/" not in self.api_version else "/apis"
        middle = f"/namespaces/{namespace}" if namespace else ""
        return f"{group}/{self.api_version}{middle}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """URL path of one object."""
        return f"{self.collection(namespace)}/{name}"


VOICE_ASSISTANT = Kind(naming.API_VERSION, "VoiceAssistant", "voiceassistants")
FALLBACK_PLAN = Kind(naming.API_VERSION, "FallbackPlan", "fallbackplans")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
POD = Kind("v1", "Pod", "pods")
SERVICE = Kind("v1", "Service", "services")
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")
EVENT = Kind("v1", "Event", "events")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
REVISION = Kind("apps/v1", "ControllerRevision", "controllerrevisions")
ROLE = Kind("rbac.authorization.k8s.io/v1", "Role", "roles")
ROLE_BINDING = Kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")
DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")

OWNED = (
    SERVICE_ACCOUNT,
    ROLE,
    ROLE_BINDING,
    REVISION,
    SERVICE,
    NETWORK_POLICY,
    DISRUPTION_BUDGET,
    DEPLOYMENT,
    CONFIG_MAP,
)
"""What an assistant owns, in the order of writing: rights before those who use them, names before pods."""

_BY_KIND = {kind.kind: kind for kind in (*OWNED, VOICE_ASSISTANT, FALLBACK_PLAN, EVENT, LEASE, POD)}


def kind_of(document: dict[str, Any]) -> Kind:
    """The kind of an object's JSON.

    Raises:
        KeyError: not a kind of ours.
    """
    return _BY_KIND[document["kind"]]
