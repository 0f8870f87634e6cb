"""Control groups of our own: every process of the cluster is in one, so `down` knows exactly what to end.

Works on both layouts: version 1 (a hierarchy for each controller) and version 2 (one for all).
"""

import contextlib
import os
import signal
from pathlib import Path
from time import perf_counter, sleep

NAME = "understudy"
SYSTEM = "system"  # the daemons; pods are put into a sibling by the kubelet


def hierarchies() -> list[Path]:
    """Mount points of all cgroup hierarchies, version 1 and 2."""
    found = set()
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        if right.split()[0] in ("cgroup", "cgroup2"):
            found.add(Path(left.split()[4]))
    return sorted(found)


def create() -> Path:
    """Make our group in every hierarchy and return the one that the cluster's daemons join."""
    for top in hierarchies():
        group = top / NAME
        group.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):  # version 1: a cpuset without both accepts no process
            inherited = top / setting
            if inherited.exists() and not (group / setting).read_text().strip():
                (group / setting).write_text(inherited.read_text())
    system = _home() / NAME / SYSTEM
    system.mkdir(exist_ok=True)
    return system


def members() -> set[int]:
    """Ids of all processes in our groups, pods included."""
    pids: set[int] = set()
    for group in groups():
        with contextlib.suppress(OSError):
            pids.update(int(pid) for pid in (group / "cgroup.procs").read_text().split())
    return pids


def groups() -> list[Path]:
    """Our groups in all hierarchies, children before their parents."""
    found: list[Path] = []
    for top in hierarchies():
        found.extend(Path(path) for path, _, _ in os.walk(top / NAME, topdown=False))
    return found


def kill_all(timeout_seconds: float = 10.0) -> None:
    """Kill every member until none is left; more than once, because a member may fork while we look."""
    deadline = perf_counter() + timeout_seconds
    while (pids := members()) and perf_counter() < deadline:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        sleep(0.05)


def remove(timeout_seconds: float = 5.0) -> None:
    """Remove our groups; the kernel lets go of a group a moment after its last process."""
    deadline = perf_counter() + timeout_seconds
    while (left := groups()) and perf_counter() < deadline:
        for group in left:
            with contextlib.suppress(OSError):
                group.rmdir()
        sleep(0.02)


def _home() -> Path:
    """The hierarchy whose membership tells who is ours: pids on version 1, the only one on version 2."""
    every = hierarchies()
    return next((top for top in every if top.name == "pids"), every[0])
