"""When an object has to be written, and when it has not."""

from typing import Any

import pytest

from understudy.domain.desired.difference import contains, needs_write, stamped
from understudy.domain.desired.troubles import is_ready, pod_troubles

WANTED = stamped(
    {
        "kind": "Deployment",
        "metadata": {"name": "a", "labels": {"x": "1"}, "resourceVersion": "7"},
        "spec": {"replicas": 2, "cpu": "1000m", "list": [{"name": "p", "port": 1}], "off": False},
    }
)


def live(**spec: Any) -> dict[str, Any]:
    base = {"replicas": 2, "cpu": "1", "list": [{"name": "side", "port": 9}, {"name": "p", "port": 1, "tls": True}]}
    return {
        "kind": "Deployment",
        "metadata": {**WANTED["metadata"], "resourceVersion": "9", "uid": "u"},
        "spec": {**base, "strategy": "Rolling", **spec},
    }


@pytest.mark.parametrize(
    ("found", "write"),
    [
        (None, True),
        (live(), False),
        (live(replicas=3), True),
        (live(cpu="2"), True),
        (live(list=[]), True),
        (live(list=[{"name": "p", "port": 2}]), True),
        (live(off=True), True),
    ],
    ids=["absent", "defaults and extras", "scaled", "quantity", "item gone", "item changed", "switched on"],
)
def test_only_a_difference_is_written(found: dict[str, Any] | None, write: Any) -> None:
    assert needs_write(WANTED, found) is write


def test_a_field_we_no_longer_want_is_noticed() -> None:
    """The digest of what was applied differs although the live object holds all we still want."""
    smaller = {**WANTED, "spec": {"replicas": 2}}
    assert needs_write(stamped(smaller), live())


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [("1Gi", "1024Mi", True), ("0.5", "500m", True), (2, "2", True), ("1G", "1Gi", False), ("abc", "abd", False)],
)
def test_quantities_are_compared_by_value(left: Any, right: Any, same: Any) -> None:
    assert contains(left, right) is same


def pod(*, ready: bool = False, deleted: bool = False, **status: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": str(ready)}, *status.pop("conditions", [])]
    metadata = {"name": "p"} | ({"deletionTimestamp": "now"} if deleted else {})
    return {"metadata": metadata, "status": {"conditions": conditions, **status}}


def waiting(reason: str, message: str = "", **container: Any) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}, **container}


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (pod(ready=True), ()),
        (pod(deleted=True, containerStatuses=[waiting("ErrImagePull")]), ()),
        (pod(containerStatuses=[waiting("ContainerCreating")]), ()),
        (pod(containerStatuses=[waiting("ErrImagePull", "no such image")]), ("pod p: ErrImagePull: no such image",)),
        (
            pod(
                containerStatuses=[
                    waiting("CrashLoopBackOff", "back-off 10s", lastState={"terminated": {"exitCode": 2}})
                ]
            ),
            ("pod p: CrashLoopBackOff: ended with Error, exit code 2; see kubectl logs",),
        ),
        (
            pod(conditions=[{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}]),
            ("pod p is not scheduled: 0/3 nodes",),
        ),
    ],
    ids=["ready", "going", "starting", "no image", "crash loop", "no node"],
)
def test_what_keeps_a_pod_is_said_in_words(found: dict[str, Any], lines: tuple[str, ...]) -> None:
    assert pod_troubles([found]) == lines


def test_a_pod_on_its_way_out_is_not_ready() -> None:
    assert is_ready(pod(ready=True))
    assert not is_ready(pod(ready=True, deleted=True))
