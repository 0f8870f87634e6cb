"""A cluster in memory for the command line."""

from collections.abc import Callable
from typing import Any

from understudy.adapters.cluster.errors import ClusterError, error_for
from understudy.domain import naming
from understudy.domain.routing.pool.view import BreakerView, DeploymentView, FailoverView, PoolsView, PoolView

NAMESPACE, NAME = "shop", "front-desk"
STABLE, CANARY = "aaaaaaaa", "bbbbbbbb"


def revision(name: str) -> dict[str, str]:
    """A revision as the status refers to it."""
    return {"name": name, "objectName": f"{NAME}-{name}", "agentService": f"{NAME}-agent-{name}"}


def condition(type_: str, status: str, message: str = "", reason: str = "Said") -> dict[str, str]:
    """A condition."""
    at = "2026-01-01T00:00:00.000Z"
    return {"type": type_, "status": status, "reason": reason, "message": message, "lastTransitionTime": at}


def assistant(name: str = NAME, **status: Any) -> dict[str, Any]:
    """A VoiceAssistant that serves."""
    ready = condition("Ready", "True")
    usual = {"phase": "Stable", "weight": 0, "rollout": {"stable": revision(STABLE)}, "conditions": [ready]}
    return {"metadata": {"namespace": NAMESPACE, "name": name}, "status": {**usual, **status}}


def pod(name: str, *, ready: bool = True, leaving: bool = False) -> dict[str, Any]:
    """A proxy pod."""
    metadata = {"name": name, "labels": naming.labels(NAME, "proxy")}
    if leaving:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"metadata": metadata, "status": {"conditions": [{"type": "Ready", "status": str(ready)}]}}


def deployment(name: str, rank: int, **changes: Any) -> DeploymentView:
    """A deployment that answers in `100 * rank` milliseconds."""
    values = {
        "account": "azure", "expected_ms": 100.0 * rank, "deviation_ms": 20.0, "hang_share": 0.01,
        "cut_after_ms": 300.0, "share": 0.5, "requests": 50, "samples": 50, "age_s": 2.0, "headroom": 0.8,
    }  # fmt: skip
    return DeploymentView(name=name, rank=rank, **{**values, **changes})


def pool(*deployments: DeploymentView, **changes: Any) -> PoolView:
    """A pool that took a hundred turns."""
    values = {
        "assistant": f"{NAMESPACE}/{NAME}", "revision": STABLE, "at": 1_700_000_000.0, "requests": 100, "fired": 106,
        "explored": 3, "cut": 4, "retried": 2, "explore_share": 0.03, "extra_share": 0.1,
        "tokens_cancelled_estimated": 1234,
    }  # fmt: skip
    return PoolView(deployments=deployments, **{**values, **changes})


def failover(ago_s: float, left: str = "east", taken: str = "west") -> FailoverView:
    """A cut, so long before the pool was looked at."""
    return FailoverView(at=1_700_000_000.0 - ago_s, left=left, taken=taken, why="cut", waited_ms=690)


def broken(reason: str = "rate", until_s: float = 12.0) -> BreakerView:
    """An open breaker."""
    return BreakerView(state="Open", reason=reason, until_s=until_s)


def answer(name: str, *pools: PoolView, **changes: Any) -> dict[str, Any]:
    """What a proxy answers."""
    return PoolsView(pod=name, pools=pools, **changes).model_dump(mode="json")


class FakeReader:
    """Implements the `Asker` port; `denied`: HTTP status by what is asked."""

    namespace = NAMESPACE

    def __init__(self) -> None:
        self.objects = [assistant()]
        self.running = [pod("p-1"), pod("p-2")]
        self.agents: list[dict[str, Any]] = []
        self.stored: list[dict[str, Any]] = []
        self.annotated: list[tuple[str, str, str]] = []
        self.answers: dict[str, Callable[[], dict[str, Any]]] = {}
        self.denied: dict[str, int] = {}
        self.asked: list[tuple[str, int, str, dict[str, str]]] = []

    async def assistants(self) -> list[dict[str, Any]]:
        self._allowed("assistants")
        return self.objects

    async def assistant(self, name: str) -> dict[str, Any] | None:
        self._allowed("assistant")
        return next((each for each in self.objects if each["metadata"]["name"] == name), None)

    async def pods(self, labels: dict[str, str]) -> list[dict[str, Any]]:
        self._allowed("pods")
        return [each for each in self.running if labels.items() <= each["metadata"]["labels"].items()]

    async def deployments(self, labels: dict[str, str]) -> list[dict[str, Any]]:
        self._allowed("deployments")
        return [each for each in self.agents if labels == naming.labels(NAME, "agent")]

    async def revisions(self, labels: dict[str, str]) -> list[dict[str, Any]]:
        self._allowed("revisions")
        return [each for each in self.stored if labels == naming.labels(NAME, "revision")]

    async def annotate(self, name: str, annotation: str, value: str) -> None:
        self._allowed("annotate")
        self.annotated.append((name, annotation, value))

    async def ask(self, pod: str, port: int, path: str, query: dict[str, str]) -> dict[str, Any]:
        self._allowed("ask")
        self.asked.append((pod, port, path, query))
        return self.answers[pod]()

    def _allowed(self, what: str) -> None:
        if status := self.denied.get(what):
            raise refusal(status)


def refusal(status: int) -> ClusterError:
    """What the API server says with `status`."""
    return error_for(status, f"GET /…: {status} the API server's own words")
