"""kubectl, helm and the cluster program, as a user would call them."""

import json
import os
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class CommandFailed(Exception):
    """A command exited non-zero; the message holds the command and what it printed."""


@cache
def environment() -> dict[str, str]:
    """The variables under which kubectl and helm reach the cluster (KUBECONFIG, PATH)."""
    printed = subprocess.run(
        [sys.executable, "-m", "tests.cluster", "env"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    found = dict(os.environ)
    for word in shlex.split(printed, comments=True):
        name, mark, value = word.partition("=")
        if mark:
            found[name] = os.path.expandvars(value)
    return found


def run(*command: str, stdin: str | None = None, timeout_s: float = 300) -> str:
    """Standard output of `command`.

    Raises:
        CommandFailed: it exited non-zero or took longer than `timeout_s`.
    """
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment(), input=stdin, capture_output=True, text=True,
            timeout=timeout_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        msg = f"{shlex.join(command)} took longer than {timeout_s:.0f} s"
        raise CommandFailed(msg) from error
    if done.returncode:
        msg = f"{shlex.join(command)} exited {done.returncode}:\n{done.stdout}{done.stderr}"
        raise CommandFailed(msg)
    return done.stdout


def kubectl(*arguments: str, stdin: str | None = None, timeout_s: float = 300) -> str:
    """Standard output of `kubectl ARGUMENTS`."""
    return run("kubectl", *arguments, stdin=stdin, timeout_s=timeout_s)


def get(kind: str, name: str, namespace: str) -> dict[str, Any]:
    """One object as JSON."""
    found: dict[str, Any] = json.loads(kubectl("-n", namespace, "get", kind, name, "-o", "json"))
    return found


def items(kind: str, namespace: str, selector: str = "") -> list[dict[str, Any]]:
    """Objects of a kind, by label selector."""
    chosen = ["-l", selector] if selector else []
    found: dict[str, Any] = json.loads(kubectl("-n", namespace, "get", kind, *chosen, "-o", "json"))
    return list(found["items"])


def spawn(*command: str, **keywords: Any) -> "subprocess.Popen[str]":
    """Start `command` in the cluster's environment; its standard output is a text pipe."""
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, **keywords
    )  # fmt: skip
