"""What goes wrong while a cluster is brought up, in words for the person at the keyboard.

ClusterError
├── CommandFailed     a program returned something other than zero
├── ComponentDied     a daemon that should be running is not
└── NotReady          it runs, and did not become ready in time
"""

from pathlib import Path


class ClusterError(Exception):
    """The cluster cannot be used; the message says why and what to do."""


class CommandFailed(ClusterError):
    """A program returned something other than zero."""


class ComponentDied(ClusterError):
    """A daemon that should be running is not; the message carries the end of its log."""


class NotReady(ClusterError):
    """A daemon runs and did not become ready in time."""


def tail(log: Path, lines: int = 15) -> str:
    """The last `lines` lines of a log, indented, or a remark that there is none."""
    try:
        text = log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        return f"    (no log at {log})"
    return "\n".join(f"    {line[:400]}" for line in text) or "    (the log is empty)"
