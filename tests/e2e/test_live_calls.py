"""Pods go away under live calls: a proxy drains, an agent crashes; the calls go on."""

import json
from contextlib import ExitStack
from typing import Any

import pytest

from tests.demo import callers, shell
from tests.demo.stage import ASSISTANT, NAMESPACE
from tests.e2e import calls, night_desk, processes
from understudy.domain import naming

pytestmark = pytest.mark.usefixtures("night")

LOOKS = 200
"""Each look is a kubectl of about 0.1 s."""

LOOKS_A_CALL = 20
MOST_CALLS = 6
"""Calls placed until a second agent takes one: 2 s apart, while DNS may know it 7 s late."""


def ask(namespace: str, pod: str, port: int, path: str) -> dict[str, Any]:
    """A pod's answer, through the API server."""
    answer = shell.kubectl("get", "--raw", f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy{path}")
    found: dict[str, Any] = json.loads(answer)
    return found


def state(proxy: str) -> dict[str, Any]:
    """What one of front-desk's proxies reports of itself; asked without a cursor."""
    return ask(NAMESPACE, proxy, naming.ADMIN_PORT, f"/v1/state?assistant={NAMESPACE}/{ASSISTANT}")


def live_on_proxy(proxy: str) -> int:
    return sum(state(proxy).get("liveCalls", {}).values())


def proxies() -> list[str]:
    selector = f"{naming.LABEL_INSTANCE}={ASSISTANT},{naming.LABEL_COMPONENT}=proxy"
    found = [each["metadata"] for each in shell.items("pods", NAMESPACE, selector)]
    return [each["name"] for each in found if "deletionTimestamp" not in each]


def agents() -> list[str]:
    """Night-desk's agent pods that speak for the revision that serves."""
    service = night_desk.get()["status"]["rollout"]["stable"]["agentService"]
    digest = service.rsplit("-", 1)[-1]
    found = [each["metadata"] for each in night_desk.pods("agent")]
    return [each["name"] for each in found if each["labels"][naming.LABEL_AGENT] == digest]


def live_on_agent(pod: str) -> int:
    live: int = ask(night_desk.NAMESPACE, pod, naming.AGENT_PORT, "/capacity")["live"]
    return live


def first(what: str, *candidates: Any) -> Any:
    """The first candidate (a function of nothing) that yields something, looked at again and again."""
    for _ in range(LOOKS):
        for candidate in candidates:
            if found := candidate():
                return found
    pytest.fail(what)


def test_a_proxy_that_is_asked_to_go_lets_its_calls_end() -> None:
    """And new calls go to the others, while it drains (P5)."""
    url = callers.twiml()
    with ExitStack() as running:
        early = [running.enter_context(calls.begin(url, "quick-booking", seed)) for seed in range(4)]
        leaving = first("no call arrived", lambda: next((each for each in proxies() if live_on_proxy(each)), None))
        shell.kubectl("-n", NAMESPACE, "delete", "pod", leaving, "--wait=false")
        draining = first("it never drained", lambda: (now := state(leaving)).get("draining") and now)
        late = [running.enter_context(calls.begin(url, "hours", seed)) for seed in range(2)]
        ended = [calls.end(call)["ended"] for call in (*early, *late)]
    assert sum(draining.get("liveCalls", {}).values()) >= 1
    assert ended == ["completed"] * 6
    shell.kubectl("-n", NAMESPACE, "wait", "--for=delete", f"pod/{leaving}", "--timeout=60s")


@pytest.fixture
def two_agents() -> None:
    """Night-desk with two agent pods that are ready."""
    night_desk.patch({"agent": {"replicas": {"min": 2}}})
    first("no second agent", lambda: len(agents()) == 2)
    night_desk.kubectl("wait", "--for=condition=Ready", *(f"pod/{each}" for each in agents()), "--timeout=120s")


@pytest.mark.usefixtures("two_agents")
def test_calls_go_on_when_their_agent_crashes() -> None:
    """On the other pod; what was said before is not lost to the model, so the bookings are completed."""
    with ExitStack() as running:
        placed = [running.enter_context(calls.begin(night_desk.twiml(), "booking"))]
        busy = first("no agent took the call", lambda: next((each for each in agents() if live_on_agent(each)), None))
        (other,) = (each for each in agents() if each != busy)
        while not live_on_agent(other) and len(placed) < MOST_CALLS:
            # The proxy learns of pods from DNS, which caches: until it knows the second, the first takes every call.
            placed.append(running.enter_context(calls.begin(night_desk.twiml(), "booking", len(placed))))
            next((True for _ in range(LOOKS_A_CALL) if live_on_agent(other)), None)
        before = live_on_agent(other)
        processes.kill(busy)
        first("the other agent took none of its calls", lambda: live_on_agent(other) > before)
        reports = [calls.end(call) for call in placed]
    assert before
    assert [(report["ended"], report["dropped"]) for report in reports] == [("completed", False)] * len(placed)
    assert all(report["answered"] >= report["turns"] - 1 for report in reports)
