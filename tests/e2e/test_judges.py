"""A canary judged by what is not in the proxy: a judge model, a user's own score, a query to Prometheus."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.demo import shell
from tests.e2e import kinds, night_desk
from tests.e2e.kinds import Act, Ended, Kind, canary_of, play, rollout, weighed
from tests.gotools.prometheus import Prometheus, serving

pytestmark = pytest.mark.usefixtures("night")

ROLLED_BACK = "jsonpath={.status.phase}=RolledBack"
WORSE = {"model": {"name": "maitre-cheap"}}
"""It gives empty answers, repeats itself and asks callers to repeat; and it is fast."""

RUBRIC = "Good: every question of the caller was answered. Bad: one was not, or the caller had to repeat it."
JUDGE = {"account": "openai", "model": "judge", "rubric": RUBRIC, "samplePercent": 100}
SCORER = {"url": "http://simulator.understudy-demo.svc.cluster.local:8080/openai/score"}


def scored(signal: str) -> list[dict[str, Any]]:
    """One SLO about that score."""
    return [{"name": "scored", "score": {"signal": signal, "minPercent": 80, "marginPercent": 10}}]


def found_out(name: str, patch: dict[str, Any], slo: str, **more: Any) -> Kind:
    """A rollout that an SLO ends."""
    return Kind(name, patch, ROLLED_BACK, "RolledBack", "SloFailed", slo=slo, **more)


BY_JUDGE = found_out(
    "a judge model", {**WORSE, "quality": {"judge": JUDGE}, "slos": scored("Judge")}, "scored", calls=True
)
BY_WEBHOOK = found_out(
    "a score of one's own", {**WORSE, "quality": {"webhook": SCORER}, "slos": scored("Webhook")}, "scored", calls=True
)


@pytest.fixture(scope="module", autouse=True)
def as_it_was(night: None) -> Iterator[None]:
    """Leaves night-desk as it was made."""
    assert night is None
    yield
    kinds.settle()


def why(ended: Ended) -> dict[str, Any]:
    """The reason of the rollback, which is the canary's."""
    found: dict[str, Any] = rollout(ended.end)["lastRollback"]
    assert (found["revision"], found["reason"], found["slo"]) == (ended.first, "SloFailed", ended.kind.slo)
    return found


@pytest.mark.parametrize("kind", [BY_JUDGE, BY_WEBHOOK], ids=str)
def test_a_model_that_is_worse_is_found_out_by_the_scores_of_its_calls(kind: Kind) -> None:
    ended = play(kind)
    found = why(ended)
    assert found["value"] < found["threshold"]
    assert found["canaryCalls"] >= 1
    assert found["stableCalls"] >= 1
    assert ended.dropped == []


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Prometheus]:
    """Prometheus, where pods reach it: at the address from which this machine reaches the node."""
    nodes = shell.items("nodes", "")
    addresses = {each["type"]: each["address"] for each in nodes[0]["status"]["addresses"]}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((addresses["InternalIP"], 9))
        ours = probe.getsockname()[0]
    with serving(tmp_path, ours) as server:
        yield server


def test_a_query_to_prometheus_fails_the_canary_of_which_it_says_so(prometheus: Prometheus) -> None:
    """Without data it waits; with a bad value it waits for the second."""
    query = {
        "url": prometheus.url,
        "query": 'bookings_per_call{revision="$canary"}',
        "min": "0.6",
        "interval": "5s",
        "failureLimit": 2,
    }

    def bookings(revision: str, value: str) -> None:
        prometheus.write("bookings_per_call", {"revision": revision}, value)

    def measure() -> None:
        va = night_desk.get()
        bookings(va["status"]["stableRevision"], "0.1")  # nobody asks for it
        bookings(canary_of(va), "0.2")

    kind = found_out(
        "a query",
        {"model": {"name": "maitre-2"}, "slos": [{"name": "bookings", "prometheus": query}]},
        "bookings",
        acts=(Act(lambda va: weighed(va) and waits(va), "the bookings of the canary are few", measure),),
    )
    found = why(play(kind))
    assert (found["value"], found["threshold"]) == (0.2, 0.6)


def waits(va: dict[str, Any]) -> bool:
    """Whether the query was answered, with nothing."""
    return any("no series answers" in reading.get("message", "") for reading in rollout(va).get("readings", ()))
