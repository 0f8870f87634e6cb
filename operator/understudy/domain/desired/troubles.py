"""What stands in the way of pods, in words a human can act on, read from their status."""

from collections.abc import Iterable, Iterator
from typing import Any

_WAITING = frozenset(
    {
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
MAX_TROUBLES = 5
"""A message names so many; the rest are mostly the same."""


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether the pod takes new calls: ready and not on its way out."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def pod_troubles(pods: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """One line for each thing that keeps a pod from being ready, without repetition, in a stable order."""
    lines: dict[str, None] = {}
    for pod in sorted(pods, key=lambda each: each["metadata"]["name"]):
        if not pod["metadata"].get("deletionTimestamp") and not is_ready(pod):
            lines |= dict.fromkeys(_of_pod(pod))
    return tuple(lines)[:MAX_TROUBLES]


def _of_pod(pod: dict[str, Any]) -> Iterator[str]:
    name = pod["metadata"]["name"]
    status = pod.get("status") or {}
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            yield f"pod {name} is not scheduled: {condition.get('message') or condition.get('reason')}"
    for container in status.get("containerStatuses") or []:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _WAITING:
            detail = _last_exit(container) or waiting.get("message") or ""
            yield f"pod {name}: {waiting['reason']}{': ' if detail else ''}{detail}"


def _last_exit(container: dict[str, Any]) -> str:
    """How the container ended last; the waiting message of a crash loop only says how long it will wait."""
    ended = (container.get("lastState") or {}).get("terminated") or {}
    if not ended:
        return ""
    return f"ended with {ended.get('reason', 'Error')}, exit code {ended.get('exitCode')}; see kubectl logs"
