"""What the controller can be told, from its command line and environment; each with unit, default and reason."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from understudy.domain.desired.proxy import UNSHARED, SharedState
from understudy.domain.naming import ADMIN_PORT
from understudy.domain.revision.compliance import UNRESTRICTED, Restriction

ENV_NAMESPACES = "UNDERSTUDY_WATCH_NAMESPACES"
ENV_PROXY_IMAGE = "UNDERSTUDY_PROXY_IMAGE"
ENV_AGENT_IMAGE = "UNDERSTUDY_AGENT_IMAGE"
ENV_PROXY_PULL_POLICY = "UNDERSTUDY_PROXY_PULL_POLICY"
ENV_AGENT_PULL_POLICY = "UNDERSTUDY_AGENT_PULL_POLICY"
ENV_SHARED_URL = "UNDERSTUDY_SHARED_STATE_URL"
ENV_SHARED_SECRET = "UNDERSTUDY_SHARED_STATE_SECRET"
ENV_SHARED_KEY = "UNDERSTUDY_SHARED_STATE_SECRET_KEY"
ENV_SHARED_PREFIX = "UNDERSTUDY_SHARED_STATE_PREFIX"
ENV_PROMETHEUS = "UNDERSTUDY_PROMETHEUS_URL"
ENV_HIPAA = "UNDERSTUDY_HIPAA"
ENV_PCI = "UNDERSTUDY_PCI"
ENV_NAMESPACE = "POD_NAMESPACE"
ENV_POD = "POD_NAME"
ENV_LOG_LEVEL = "UNDERSTUDY_LOG_LEVEL"


@dataclass(frozen=True, slots=True)
class Images:
    """The images of the pods that the controller makes."""

    proxy: str = "localhost/understudy:dev"
    """Also the controller's own: one version of both."""
    agent: str = "localhost/understudy-agent:dev"
    """Of assistants that name none themselves."""
    proxy_pull_policy: str = "IfNotPresent"
    agent_pull_policy: str = "IfNotPresent"


@dataclass(frozen=True, slots=True)
class Settings:
    """One controller process."""

    namespaces: tuple[str, ...] = ()
    """Namespaces to watch; empty means every one."""
    images: Images = Images()
    shared_state: SharedState = UNSHARED
    """Handed on to the proxies."""
    installation: Restriction = UNRESTRICTED
    """HIPAA or PCI for every assistant, whatever its spec says."""
    prometheus_url: str = ""
    """Of the Prometheus that SLOs with a query ask unless they name one; empty: there is none."""
    namespace: str = "default"
    """Where the leader lease is."""
    identity: str = "understudy-controller"
    """Who we are on the lease; unique per process."""
    kubeconfig: str | None = None
    """Path; None means the pod's service account or the user's default."""
    leader_election: bool = True
    """Off only for a developer's single process."""
    admin_port: int = ADMIN_PORT
    """Health and metrics."""
    log_level: str = "INFO"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="understudy controller", description="The operator.")
    parser.add_argument("--kubeconfig", help="reach the cluster from outside")
    parser.add_argument("--no-leader-election", action="store_true", help="run without the lease")
    parser.add_argument("--admin-port", type=int, default=ADMIN_PORT, help="health and metrics; default %(default)s")
    return parser


def from_environment(arguments: Sequence[str], env: Mapping[str, str], host: str) -> Settings:
    """The settings in `arguments` and `env`; `host` names us where no pod does."""
    options = _parser().parse_args(arguments)
    images, shared = Images(), UNSHARED
    return Settings(
        namespaces=tuple(name.strip() for name in env.get(ENV_NAMESPACES, "").split(",") if name.strip()),
        images=Images(
            proxy=env.get(ENV_PROXY_IMAGE) or images.proxy,
            agent=env.get(ENV_AGENT_IMAGE) or images.agent,
            proxy_pull_policy=env.get(ENV_PROXY_PULL_POLICY) or images.proxy_pull_policy,
            agent_pull_policy=env.get(ENV_AGENT_PULL_POLICY) or images.agent_pull_policy,
        ),
        shared_state=SharedState(
            url=env.get(ENV_SHARED_URL, ""),
            secret=env.get(ENV_SHARED_SECRET, ""),
            key=env.get(ENV_SHARED_KEY) or shared.key,
            prefix=env.get(ENV_SHARED_PREFIX) or shared.prefix,
        ),
        installation=Restriction(hipaa=_holds(env.get(ENV_HIPAA)), pci=_holds(env.get(ENV_PCI))),
        prometheus_url=env.get(ENV_PROMETHEUS, ""),
        namespace=env.get(ENV_NAMESPACE) or "default",
        identity=env.get(ENV_POD) or host,
        kubeconfig=options.kubeconfig,
        leader_election=not options.no_leader_election,
        admin_port=options.admin_port,
        log_level=(env.get(ENV_LOG_LEVEL) or "INFO").upper(),
    )


def _holds(value: str | None) -> bool:
    """Whether a restriction is on; anything but a plain no is a yes, because it fails closed."""
    return (value or "false").strip().casefold() not in {"false", "0", "no", "off"}
