"""Watch events become keys; our own status writes do not come back as work."""

from typing import Any

import pytest

from tests.unit.apps.controller.fake_cluster import FakeCluster
from understudy.apps.controller.health import Heartbeat
from understudy.apps.controller.intake import Intake
from understudy.apps.controller.neighbours import Neighbours
from understudy.apps.controller.ports import Key
from understudy.apps.controller.queue import WorkQueue
from understudy.apps.controller.settings import from_environment
from understudy.apps.controller.watching import make_registry, make_settings
from understudy.base.clock import ManualClock
from understudy.domain.desired.proxy import UNSHARED

A = Key("n", "a")


class Listening:
    def __init__(self) -> None:
        clock = ManualClock()
        self.queue, self.looked = WorkQueue(clock), list[Key]()
        self.intake = Intake(
            self.queue, Heartbeat(clock), self.looked.append, Neighbours(FakeCluster(), self.looked.append)
        )

    def keys(self) -> list[Key]:
        found, self.looked[:] = list(self.looked), []
        return found


def body(name: str = "a", version: int = 1, generation: int = 1, plan: str = "", **metadata: Any) -> dict[str, Any]:
    spec = {"fallbackPlanRef": {"name": plan}} if plan else {}
    base = {"namespace": "n", "name": name, "uid": name, "resourceVersion": str(version), "generation": generation}
    return {"metadata": {**base, **metadata}, "spec": spec}


@pytest.mark.parametrize(
    ("second", "looks"),
    [
        (body(version=2), False),
        (body(version=2, labels={"x": "y"}), False),
        (body(version=2, annotations={"kubectl": "x"}), False),
        (body(version=2, generation=2), True),
        (body(version=2, annotations={"understudy.dev/abort": "1"}), True),
        (body(version=2, deletionTimestamp="now"), True),
    ],
    ids=["status", "label", "annotation of others", "spec", "request", "deletion"],
)
def test_only_what_we_react_to_is_work(second: dict[str, Any], looks: Any) -> None:
    listening = Listening()
    listening.intake.assistant("ADDED", body())
    assert listening.keys() == [A]
    listening.intake.assistant("MODIFIED", second)
    assert listening.keys() == ([A] if looks else [])


def test_a_plan_wakes_the_assistants_that_refer_to_it() -> None:
    listening = Listening()
    for name, plan in (("a", "rules"), ("b", "other"), ("c", "rules")):
        listening.intake.assistant("ADDED", body(name, plan=plan))
    listening.keys()
    listening.intake.plan("n", "rules")
    assert listening.keys() == [A, Key("n", "c")]
    listening.intake.plan("m", "rules")
    assert listening.keys() == []


def test_an_owned_object_wakes_its_assistant() -> None:
    listening = Listening()
    listening.intake.owned({"metadata": {"namespace": "n", "labels": {"app.kubernetes.io/instance": "a"}}})
    assert listening.keys() == [A]
    listening.intake.owned({"metadata": {"namespace": "n"}})
    assert listening.keys() == []


def test_a_deleted_assistant_is_forgotten() -> None:
    listening = Listening()
    listening.intake.assistant("ADDED", body(plan="rules"))
    listening.intake.assistant("DELETED", body(plan="rules"))
    listening.keys()
    listening.intake.plan("n", "rules")
    assert (listening.keys(), listening.intake.known()) == ([], frozenset())


def test_kopf_is_told_every_timeout_and_never_to_write() -> None:
    """No finalizer, no events of its own, no scan of namespaces and CRDs, bounded workers."""
    settings = make_settings()
    watching, networking = settings.watching, settings.networking
    assert (watching.server_timeout, watching.client_timeout, watching.connect_timeout) == (300, 310, 30)
    assert (watching.inactivity_timeout, networking.request_timeout) == (70, 30)
    assert (settings.posting.enabled, settings.scanning.disabled) == (False, True)
    assert settings.queueing.worker_limit
    registry = make_registry(Listening().intake)
    assert len(registry._watching.get_all_handlers()) == 4
    for other in (registry._changing, registry._spawning, registry._indexing, registry._webhooks):
        assert not other.get_all_handlers()


def test_settings_come_from_the_environment() -> None:
    env = {
        "UNDERSTUDY_WATCH_NAMESPACES": "a, b",
        "UNDERSTUDY_AGENT_IMAGE": "x:1",
        "POD_NAME": "p",
        "POD_NAMESPACE": "s",
    }
    settings = from_environment(["--admin-port", "1"], env, "host")
    assert (settings.namespaces, settings.images.agent, settings.identity) == (("a", "b"), "x:1", "p")
    assert (settings.namespace, settings.admin_port, settings.leader_election) == ("s", 1, True)
    assert from_environment([], {}, "host").namespaces == ()


def test_the_store_that_proxies_share_is_told_by_the_environment() -> None:
    env = {"UNDERSTUDY_SHARED_STATE_SECRET": "valkey", "UNDERSTUDY_SHARED_STATE_PREFIX": "eu"}
    found = from_environment([], env, "host").shared_state
    assert (found.url, found.secret, found.key, found.prefix) == ("", "valkey", "url", "eu")
    assert from_environment([], {"UNDERSTUDY_SHARED_STATE_URL": "redis://v"}, "host").shared_state.url == "redis://v"
    assert from_environment([], {}, "host").shared_state == UNSHARED
