"""The operator is away for longer than a lease, or while a canary is beyond a ceiling: new calls go to stable."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.demo import callers
from tests.demo.stage import say
from tests.e2e import kinds, night_desk, operator_pod

pytestmark = pytest.mark.usefixtures("night")

VERDICT_S = 180
LEASE_AT_MOST_S = 30
CALLS_AFTER_LEASE = 4
"""Calls that begin and end without an operator and without a lease; at weight 50, all on stable by chance: 1 in 16."""


@dataclass(frozen=True)
class Absence:
    """What happened while the operator was away and afterwards.

    Attributes:
        lease_over_at: when the canary's lease ran out, seconds since the epoch.
        back_at: when the operator was asked back.
        end: the assistant when the rollout had ended.
        calls: what the proxies recorded.
    """

    canary: str
    stable: str
    lease_over_at: float
    back_at: float
    end: dict[str, Any]
    calls: list[dict[str, Any]]
    dropped: list[dict[str, Any]]

    def revisions(self, since: float, until: float = float("inf")) -> list[str]:
        """Revisions of the calls that began in this time."""
        return [each["revision"] for each in self.calls if since < each["startedAt"] <= until]


def wait_for_calls(load: callers.Load, since: float, count: int) -> None:
    """Until `count` calls that began after `since` have ended.

    Raises:
        TimeoutError: they did not.
    """

    def enough(calls: list[dict[str, Any]]) -> bool:
        return sum(call["startedAt"] > since for call in calls) >= count

    load.until(enough, VERDICT_S, f"{count} calls since {since}")


@pytest.fixture(scope="module")
def absence() -> Iterator[Absence]:
    """A good model under way, and no operator for longer than its lease."""
    before = kinds.settle()
    with night_desk.watched() as watch:
        with night_desk.load() as load:
            night_desk.patch({"model": {"name": "maitre-2"}, "agent": {"endOfTurn": {"silence": "300ms"}}})
            va = watch.until(lambda va: va["status"]["rollout"].get("ackedWeight") == 50, VERDICT_S, "weight 50")
            operator_pod.scale(0)
            try:
                lease_over_at = night_desk.routing()["leaseExpiresAt"]
                assert time.time() < lease_over_at < time.time() + LEASE_AT_MOST_S
                say("  the operator is gone")
                wait_for_calls(load, lease_over_at, CALLS_AFTER_LEASE)
            finally:
                back_at = time.time()
                operator_pod.scale(1)
            say("  the operator is back")
            end = watch.until(lambda va: va["status"]["phase"] in ("Stable", "RolledBack"), VERDICT_S, "an end")
        yield Absence(
            canary=va["status"]["canaryRevision"],
            stable=before["status"]["stableRevision"],
            lease_over_at=lease_over_at,
            back_at=back_at,
            end=end,
            calls=night_desk.observations(),
            dropped=load.dropped(),
        )


def test_when_the_lease_is_over_new_calls_go_to_stable(absence: Absence) -> None:
    assert absence.canary in absence.revisions(0, absence.lease_over_at)
    assert set(absence.revisions(absence.lease_over_at, absence.back_at)) == {absence.stable}


def test_when_the_operator_is_back_the_rollout_goes_on_to_its_end(absence: Absence) -> None:
    status = absence.end["status"]
    assert (status["phase"], status["stableRevision"], status["canaryRevision"]) == ("Stable", absence.canary, "")


def test_no_call_is_dropped_meanwhile(absence: Absence) -> None:
    assert absence.dropped == []


CEILING = {
    "name": "turn-latency",
    "latency": {"signal": "Turn", "threshold": "1600ms", "maxPercentOver": 5, "ceilingPercent": 10},
}
"""Three calls of which every turn is slow are beyond it: the fewest that a proxy asks for."""


@dataclass(frozen=True)
class Beyond:
    """A canary beyond its ceiling, and nobody there but the proxy.

    Attributes:
        before: revisions of calls that began before the proxy stopped sending calls to the canary.
        after: of those that began afterwards, while the lease was still good.
        why: of the rollback, once the operator was back.
    """

    canary: str
    stable: str
    before: set[str]
    after: set[str]
    why: dict[str, Any]
    dropped: list[dict[str, Any]]


def wait_for_stop(load: callers.Load, lease_over_at: float) -> float:
    """When the proxy stopped sending calls to the canary, seconds since the epoch; asked whenever a call has ended.

    Raises:
        TimeoutError: it had not before the lease was over.
    """
    while True:
        known = len(load.calls)
        for report in callers.reports(night_desk.NAMESPACE, night_desk.NAME):
            if stopped := report.get("stopped"):
                return float(stopped["at"])
        load.until(
            lambda calls, known=known: len(calls) > known, lease_over_at - time.time(), "call beyond the ceiling"
        )


@pytest.fixture(scope="module")
def beyond(absence: Absence) -> Iterator[Beyond]:
    """A slow model under way; the operator goes when the first call of it has ended, long before the third."""
    assert absence
    before = kinds.settle({"slos": [CEILING]})
    with night_desk.watched() as watch:
        with night_desk.load() as load:
            night_desk.patch({"model": {"name": "maitre-slow"}})
            va = watch.until(lambda va: va["status"]["rollout"].get("canaryCalls", 0) > 0, VERDICT_S, "a canary call")
            operator_pod.scale(0)
            try:
                lease_over_at = night_desk.routing()["leaseExpiresAt"]
                say("  the operator is gone")
                stopped_at = wait_for_stop(load, lease_over_at)
                say("  the proxy sends the canary no more calls")
                wait_for_calls(load, stopped_at, CALLS_AFTER_LEASE)
            finally:
                operator_pod.scale(1)
            say("  the operator is back")
            end = watch.until(lambda va: va["status"]["phase"] == "RolledBack", VERDICT_S, "a rollback")
        calls = [(call["startedAt"], call["revision"]) for call in night_desk.observations()]
    began = watch.seen[0][0]
    yield Beyond(
        canary=va["status"]["canaryRevision"],
        stable=before["status"]["stableRevision"],
        before={revision for at, revision in calls if began < at < stopped_at},
        after={revision for at, revision in calls if stopped_at < at < lease_over_at},
        why=end["status"]["rollout"]["lastRollback"],
        dropped=load.dropped(),
    )
    kinds.settle()


def test_beyond_a_ceiling_the_proxy_alone_stops_sending_calls_to_the_canary(beyond: Beyond) -> None:
    """While the lease was still good."""
    assert beyond.before == {beyond.canary, beyond.stable}
    assert beyond.after == {beyond.stable}


def test_when_the_operator_is_back_it_takes_the_canary_back_for_the_ceiling(beyond: Beyond) -> None:
    assert (beyond.why["revision"], beyond.why["reason"], beyond.why["slo"]) == (
        beyond.canary,
        "CeilingReached",
        "turn-latency",
    )


def test_no_call_is_dropped_for_a_ceiling(beyond: Beyond) -> None:
    assert beyond.dropped == []
