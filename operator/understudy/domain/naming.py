"""Names, labels, ports and paths: every name that two programs must agree on, in one place."""

GROUP = "understudy.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
FIELD_MANAGER = "understudy-operator"

PROXY_PORT = 8080
"""Front door and provider facades."""
ADMIN_PORT = 9090
"""Health, metrics and `/v1/state`: for the kubelet, Prometheus and the operator."""
AGENT_PORT = 8080
"""Calls, health, capacity and metrics of an agent pod."""

LABEL_NAME = "app.kubernetes.io/name"
LABEL_INSTANCE = "app.kubernetes.io/instance"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
LABEL_COMPONENT = "app.kubernetes.io/component"
LABEL_AGENT = f"{GROUP}/agent"

CREDENTIALS_DIR = "/etc/understudy/credentials"
"""Secrets are mounted at CREDENTIALS_DIR/NAMESPACE/SECRET/KEY."""
STATE_DIR = "/var/lib/understudy"
"""The proxies' last good documents."""

SHARED_STATE_URL = "UNDERSTUDY_SHARED_STATE_URL"
"""Environment of the proxies: where replicas share what they know of deployments."""
SHARED_STATE_PREFIX = "UNDERSTUDY_SHARED_STATE_PREFIX"
"""Environment of the proxies: beginning of the keys there."""

SECRET_KEY = "apiKey"
SECRET_ALLOWED_HOSTS = "allowed-hosts"
SECRET_ENTRA = ("tenantId", "clientId", "clientSecret")
"""What a Microsoft Entra token is got with."""
SECRET_ENTRA_CLOUD = ("tokenUrl", "scope")
"""Where and for what, in another cloud than the public one."""
SECRET_KEYS = (SECRET_KEY, SECRET_ALLOWED_HOSTS, *SECRET_ENTRA, *SECRET_ENTRA_CLOUD)
"""Every key of a Secret that a proxy may read."""

PARAM_TOKEN = "understudy_token"
"""`customParameters` of the `start` message that the proxy sends to the agent."""
PARAM_PROXY = "understudy_proxy"
"""Base URL of the proxy pod that took the call, such as http://198.18.64.7:8080."""
PARAM_TURNS = "understudy_turns"
"""Who finds the end of the caller's turn, `Agent` (also when absent) or `Provider`."""

END_CALL_TOOL = "end_call"
"""The tool that the agent carries out by itself: the assistant says goodbye and hangs up."""


def proxy(assistant: str) -> str:
    """Deployment, ServiceAccount, Role, RoleBinding and PodDisruptionBudget of the proxies."""
    return f"{assistant}-proxy"


def front_door(assistant: str) -> str:
    """Service that carriers reach."""
    return assistant


def routing(assistant: str) -> str:
    """ConfigMap of the routing document."""
    return f"{assistant}-routing"


def revision(assistant: str, digest: str) -> str:
    """ControllerRevision of the snapshot with that (short) digest."""
    return f"{assistant}-{digest[:8]}"


def agent(assistant: str, digest: str) -> str:
    """Deployment and headless Service of the agent pods with that agent digest."""
    return f"{assistant}-agent-{digest[:8]}"


def twiml_path(namespace: str, assistant: str) -> str:
    """Where the carrier asks what to do with a call."""
    return f"/v1/assistants/{namespace}/{assistant}/twiml"


def media_path(namespace: str, assistant: str) -> str:
    """Where the carrier streams a call's audio."""
    return f"/v1/assistants/{namespace}/{assistant}/media"


def labels(assistant: str, component: str) -> dict[str, str]:
    """The labels of every object we own, and the selector of its pods."""
    return {
        LABEL_NAME: "understudy",
        LABEL_INSTANCE: assistant,
        LABEL_COMPONENT: component,
        LABEL_MANAGED_BY: "understudy-operator",
    }
