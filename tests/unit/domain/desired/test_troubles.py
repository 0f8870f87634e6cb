"""What keeps pods from starting: which of it time heals, and which it does not."""

from typing import Any

import pytest

from understudy.domain.desired.troubles import failing, pod_troubles


def pod(
    name: str = "agent-0", *, waiting: str = "", ready: bool = False, message: str = "", **last: Any
) -> dict[str, Any]:
    state = {"waiting": {"reason": waiting, "message": message}} if waiting else {"running": {}}
    ended = {"terminated": last} if last else {}
    return {
        "metadata": {"name": name},
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"state": state, "lastState": ended}],
        },
    }


@pytest.mark.parametrize(
    "reason",
    ["CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError"],
)
def test_a_pod_that_will_not_start_is_told_with_what_the_kubelet_says(reason: str) -> None:
    told = failing([pod(waiting=reason, message='manifest for "agent:2" not found')])
    assert told == f'pod agent-0: {reason}: manifest for "agent:2" not found'


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing", ""])
def test_a_pod_that_is_merely_slow_is_waited_for(reason: str) -> None:
    """ProgressDeadline is for those."""
    assert failing([pod(waiting=reason)]) == ""


def test_a_pod_that_cannot_be_scheduled_is_waited_for() -> None:
    """Nodes come; it is a trouble, and no failure."""
    condition = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}
    waiting = {"metadata": {"name": "agent-0"}, "status": {"conditions": [condition]}}
    assert failing([waiting]) == ""
    assert pod_troubles([waiting]) == ("pod agent-0 is not scheduled: 0/3 nodes are available",)


def test_a_crash_loop_counts_beside_pods_that_run() -> None:
    told = failing([pod(ready=True), pod("agent-1", waiting="CrashLoopBackOff", reason="Error", exitCode=3)])
    assert told == "pod agent-1: CrashLoopBackOff: ended with Error, exit code 3; see kubectl logs"


def test_an_image_that_one_node_cannot_pull_is_not_the_templates_fault() -> None:
    pods = [pod(ready=True), pod("agent-1", waiting="ImagePullBackOff")]
    assert failing(pods) == ""
    assert failing(pods[1:]) == "pod agent-1: ImagePullBackOff"


def test_a_pod_on_its_way_out_says_nothing() -> None:
    gone = pod(waiting="CrashLoopBackOff")
    gone["metadata"]["deletionTimestamp"] = "now"
    assert failing([gone]) == ""
