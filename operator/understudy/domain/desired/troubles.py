"""What stands in the way of pods, in words a human can act on, read from their status."""

from collections.abc import Collection, Iterable, Iterator
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
_CRASHING = frozenset({"CrashLoopBackOff"})
"""Says it of every pod of the kind, sooner or later, whatever others do."""

_NOT_STARTING = frozenset(
    {"ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError"}
)
"""May be the node's or the registry's doing as long as another pod of the same template runs."""

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
    for pod in sorted(pods, key=_name):
        if not pod["metadata"].get("deletionTimestamp") and not is_ready(pod):
            lines |= dict.fromkeys(_of_pod(pod))
    return tuple(lines)[:MAX_TROUBLES]


def failing(pods: Iterable[dict[str, Any]]) -> str:
    """Why pods of one template will not start by themselves, however long one waits; empty when that is not known.

    A crash loop of any pod counts. An image or a configuration that is missing counts while no pod is ready: with one
    that runs, the template is good.
    """
    there = sorted((pod for pod in pods if not pod["metadata"].get("deletionTimestamp")), key=_name)
    reasons = _CRASHING if any(is_ready(pod) for pod in there) else _CRASHING | _NOT_STARTING
    lines = (line for pod in there if not is_ready(pod) for line in _waiting(pod, reasons))
    return next(lines, "")


def _name(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["name"])


def _of_pod(pod: dict[str, Any]) -> Iterator[str]:
    for condition in (pod.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            yield f"pod {_name(pod)} is not scheduled: {condition.get('message') or condition.get('reason')}"
    yield from _waiting(pod, _WAITING)


def _waiting(pod: dict[str, Any], reasons: Collection[str]) -> Iterator[str]:
    for container in (pod.get("status") or {}).get("containerStatuses") or []:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in reasons:
            detail = _last_exit(container) or waiting.get("message") or ""
            yield f"pod {_name(pod)}: {waiting['reason']}{': ' if detail else ''}{detail}"


def _last_exit(container: dict[str, Any]) -> str:
    """How the container ended last; the waiting message of a crash loop only says how long it will wait."""
    ended = (container.get("lastState") or {}).get("terminated") or {}
    if not ended:
        return ""
    return f"ended with {ended.get('reason', 'Error')}, exit code {ended.get('exitCode')}; see kubectl logs"
