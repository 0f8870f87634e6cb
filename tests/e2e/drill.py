"""The drill's stage: an assistant whose model is a pool of nine, in a namespace of its own."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.demo import callers, shell, stage
from understudy.domain import naming
from understudy.domain.routing.pool.view import DeploymentView, FailoverView, PoolsView

NAMESPACE = "understudy-drill"
NAME = "drill"
PROXIES = 2
"""Each learns for itself."""
HUNG = {"north-1": "hang", "north-2": "headers-hang", "north-3": "role-only"}
"""The third of the pool that is fastest, and how each of them hangs."""
CALLERS = 8
"""At a time: about 1.5 turns a second, which two cores bear beside the cluster itself."""


def make() -> None:
    """Create everything, once what an earlier run left is gone, and wait until it can take calls."""
    phase = shell.kubectl("get", "namespace", NAMESPACE, "--ignore-not-found", "-o", "jsonpath={.status.phase}")
    if phase == "Terminating":
        shell.kubectl("wait", "--for=delete", f"namespace/{NAMESPACE}", "--timeout=180s")
    text = (shell.ROOT / "examples/drill/pool.yaml").read_text()
    exact = text.replace("localhost/simulator:dev", stage.images()["simulator"])
    shell.kubectl("apply", "-f", "-", stdin=exact)
    kubectl("rollout", "status", "deployment/simulator", "--timeout=120s")
    kubectl("wait", "--for=condition=Ready", f"va/{NAME}", "--timeout=180s")
    kubectl("rollout", "status", f"deployment/{naming.proxy(NAME)}", "--timeout=120s")


def remove() -> None:
    """Take the namespace away, with everything in it; that goes on for a while."""
    shell.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")


def kubectl(*arguments: str) -> str:
    """`kubectl` in the drill's namespace."""
    return shell.kubectl("-n", NAMESPACE, *arguments)


def twiml() -> str:
    """Where a carrier asks what to do with a call."""
    address = shell.get("service", NAME, NAMESPACE)["spec"]["clusterIP"]
    return f"http://{address}:{naming.PROXY_PORT}{naming.twiml_path(NAMESPACE, NAME)}"


def load() -> callers.Load:
    """Continuous calls. Each answer has the same words here, and no caller is to hang up because of that."""
    patient = ("--max-failures", "100", "--quiet-ms", "300")
    return callers.Load(CALLERS, url=twiml(), dialogues=("hours", "address", "parking"), options=patient)


def observations() -> list[dict[str, Any]]:
    """Finished calls, as the proxies recorded them."""
    return callers.observations(NAMESPACE, NAME)


def _proxies() -> list[str]:
    selector = f"{naming.LABEL_INSTANCE}={NAME},{naming.LABEL_COMPONENT}=proxy"
    found = [pod["metadata"] for pod in shell.items("pods", NAMESPACE, selector)]
    return [each["name"] for each in found if "deletionTimestamp" not in each]


def _ask(pod: str, path: str) -> str:
    return shell.kubectl("get", "--raw", f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}:{naming.ADMIN_PORT}/proxy{path}")


def metrics() -> list[str]:
    """`/metrics` of each proxy."""
    return [_ask(pod, "/metrics") for pod in _proxies()]


def status() -> str:
    """What `kubectl understudy status` prints."""
    command = "import sys; from understudy.apps.cli.main import main; sys.exit(main())"
    return shell.run(sys.executable, "-c", command, "status", NAME, "-n", NAMESPACE)


@dataclass(frozen=True)
class Look:
    """How the proxies route at one time.

    Attributes:
        proxies: of each proxy, deployment → how it stands; only those of proxies that took requests.
        turns: requests of agents since the start.
        again: requests fired because the one before took too long; it was cut, or left to run beside.
    """

    at: float
    proxies: tuple[dict[str, DeploymentView], ...]
    turns: int
    again: int
    failovers: tuple[FailoverView, ...]
    """The latest of each proxy."""

    def late(self, since: float) -> list[FailoverView]:
        """Those since then, in seconds since the epoch, where a deployment was left for taking too long."""
        return [each for each in self.failovers if each.at >= since and each.why in ("cut", "hedged")]

    def every(self, holds: Callable[[DeploymentView], bool], names: tuple[str, ...]) -> bool:
        """Whether it holds for these deployments at every proxy."""
        return bool(self.proxies) and all(holds(proxy[name]) for proxy in self.proxies for name in names)


def look() -> Look:
    """Ask every proxy."""
    at, query = time.time(), f"/v1/pools?assistant={NAMESPACE}/{NAME}"
    said = [PoolsView.model_validate(json.loads(_ask(pod, query))) for pod in _proxies()]
    pools = [each.pools[0] for each in said if each.pools]
    return Look(
        at,
        tuple({each.name: each for each in pool.deployments} for pool in pools),
        sum(pool.requests for pool in pools),
        sum(pool.cut + pool.hedged for pool in pools),
        tuple(each for pool in pools for each in pool.failovers),
    )


def until(holds: Callable[[Look], bool], timeout_s: float, what: str) -> Look:
    """Look again and again, until it holds; every look takes a while by itself, since kubectl asks each proxy.

    Raises:
        TimeoutError: it did not; the message has the last look.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = look()
        if holds(found):
            return found
    msg = f"waited {timeout_s:.0f} s for {what}: {found}"
    raise TimeoutError(msg)
