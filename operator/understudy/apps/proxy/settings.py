"""The proxy's settings, from the environment. Every one has a default that suits a pod made by the operator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from understudy.base.errors import InvalidInput
from understudy.domain import naming
from understudy.domain.naming import SHARED_STATE_PREFIX, SHARED_STATE_URL

_STORES = ("redis://", "rediss://", "unix://")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a proxy process is told."""

    assistants: tuple[tuple[str, str], ...]
    """UNDERSTUDY_ASSISTANTS, `namespace/name,namespace/name`: which ones to serve. No default: serving nobody is a
    mistake."""
    pod: str = "proxy"
    """POD_NAME: tells replicas apart in reports."""
    pod_ip: str = "127.0.0.1"
    """POD_IP: where the agent of a call reaches this very pod."""
    port: int = naming.PROXY_PORT
    """UNDERSTUDY_PORT: front door and provider facades."""
    admin_port: int = naming.ADMIN_PORT
    """UNDERSTUDY_ADMIN_PORT: health, metrics, state; apart, so that it is never exposed with the front door."""
    state_dir: Path = Path(naming.STATE_DIR)
    """UNDERSTUDY_STATE_DIR: last good documents; an emptyDir, which outlives the container and not the pod."""
    credentials_dir: Path = Path(naming.CREDENTIALS_DIR)
    """UNDERSTUDY_CREDENTIALS_DIR: mounted Secrets."""
    documents: Path | None = None
    """UNDERSTUDY_DOCUMENTS or --documents: a directory instead of a cluster; unset means Kubernetes."""
    kubeconfig: str | None = None
    """UNDERSTUDY_KUBECONFIG: outside a pod; unset means the pod's service account."""
    shared_state_url: str = field(default="", repr=False)
    """UNDERSTUDY_SHARED_STATE_URL: Redis or Valkey, `redis://` or `rediss://`, to share what is known of deployments
    with other replicas; empty: each goes by what it sees itself. May hold a password, so it is never printed."""
    shared_state_prefix: str = "understudy"
    """UNDERSTUDY_SHARED_STATE_PREFIX: of its keys; clusters that share a server need one each."""
    cluster_domain: str = "cluster.local"
    """UNDERSTUDY_CLUSTER_DOMAIN: agents are looked up by their full name, one DNS query instead of four."""


def parse_assistants(text: str) -> tuple[tuple[str, str], ...]:
    """The assistants in `ns/name,ns/name`.

    Raises:
        InvalidInput: empty, or an entry is not `namespace/name`.
    """
    pairs = [tuple(part.strip().split("/")) for part in text.split(",") if part.strip()]
    if not pairs or any(len(pair) != 2 or not all(pair) for pair in pairs):  # noqa: PLR2004 - a namespace and a name
        raise InvalidInput("UNDERSTUDY_ASSISTANTS", f"{text!r}: write namespace/name, separated by commas")
    return tuple((pair[0], pair[1]) for pair in pairs)


def from_environment(env: Mapping[str, str], documents: Path | None = None) -> Settings:
    """Settings from `env`; `documents` from the command line wins over the environment.

    Raises:
        InvalidInput: a value is missing or malformed; the message names the variable.
    """
    chosen = documents or (Path(env["UNDERSTUDY_DOCUMENTS"]) if env.get("UNDERSTUDY_DOCUMENTS") else None)
    return Settings(
        assistants=parse_assistants(env.get("UNDERSTUDY_ASSISTANTS", "")),
        pod=env.get("POD_NAME", "proxy"),
        pod_ip=env.get("POD_IP", "127.0.0.1"),
        port=_port(env, "UNDERSTUDY_PORT", naming.PROXY_PORT),
        admin_port=_port(env, "UNDERSTUDY_ADMIN_PORT", naming.ADMIN_PORT),
        state_dir=Path(env.get("UNDERSTUDY_STATE_DIR", naming.STATE_DIR)),
        credentials_dir=Path(env.get("UNDERSTUDY_CREDENTIALS_DIR", naming.CREDENTIALS_DIR)),
        documents=chosen,
        kubeconfig=env.get("UNDERSTUDY_KUBECONFIG") or None,
        shared_state_url=_shared_state(env.get(SHARED_STATE_URL, "")),
        shared_state_prefix=env.get(SHARED_STATE_PREFIX) or "understudy",
        cluster_domain=env.get("UNDERSTUDY_CLUSTER_DOMAIN", "cluster.local"),
    )


def _shared_state(url: str) -> str:
    """The URL, or an error that does not repeat it: it may hold a password."""
    if url and not url.startswith(_STORES):
        raise InvalidInput(SHARED_STATE_URL, f"write a URL that begins with {' or '.join(_STORES)}")
    return url


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    try:
        port = int(env.get(name, default))
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:  # noqa: PLR2004 - the range of ports
        raise InvalidInput(name, f"{env.get(name)!r} is not a port: write a number from 0 (any free one) to 65535")
    return port
