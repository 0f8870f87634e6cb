"""The processes of pods, seen from the machine that the cluster runs on: what no grace period softens."""

import os
import signal
from pathlib import Path
from typing import Any

from tests.demo import shell


def of_pod(name: str) -> list[int]:
    """Process ids of a pod's containers; every pod of ours carries its name in POD_NAME.

    Raises:
        LookupError: there is none.
    """
    mark = f"POD_NAME={name}".encode()
    found = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if mark in _words(path)]
    if not found:
        raise LookupError(f"no process of pod {name}")
    return found


def _words(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().split(b"\0")
    except OSError:  # it ended meanwhile
        return []


def kill(pod: str) -> None:
    """End a pod's processes as a crash would: nothing is said and nothing is saved."""
    for pid in of_pod(pod):
        os.kill(pid, signal.SIGKILL)


def replace_restarted(namespace: str, selector: str) -> None:
    """Put new pods in place of those whose containers were restarted, and wait until they are ready.

    The kubelet waits longer before each restart, in the end five minutes: another kill would test that wait.
    """
    worn = [each["metadata"]["name"] for each in shell.items("pods", namespace, selector) if _restarted(each)]
    if worn:
        shell.kubectl("-n", namespace, "delete", "pods", *worn, "--timeout=120s", timeout_s=130)
    for deployment in shell.items("deployments", namespace, selector):
        name = f"deployment/{deployment['metadata']['name']}"
        shell.kubectl("-n", namespace, "rollout", "status", name, "--timeout=120s", timeout_s=130)


def _restarted(pod: dict[str, Any]) -> bool:
    return any(each["restartCount"] for each in pod["status"].get("containerStatuses", ()))
