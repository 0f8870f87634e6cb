"""One call to any assistant."""

import json
import subprocess
from typing import Any

from tests.demo import callers, shell

LONGEST_S = 150


def begin(twiml: str, dialogue: str = "hours", seed: int = 1, *, keep: str = "") -> "subprocess.Popen[str]":
    """Start a call in the background; leaving the context waits for its end.

    `keep`: where its recording and its report are kept: `out/KEEP.wav` (caller left, assistant right) and `.json`.
    """
    kept = (
        ("--wav", str(callers.OUT / f"{keep}.wav"), "--transcript", str(callers.OUT / f"{keep}.json")) if keep else ()
    )
    command = callers.simulator(
        "call", "--twiml", twiml, "--dialogue", dialogue, "--seed", str(seed), "--cache", str(callers.OUT / "speech"),
        *kept,
    )  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=shell.ROOT)


def end(call: "subprocess.Popen[str]") -> dict[str, Any]:
    """Wait for its end; the caller's summary.

    Raises:
        CommandFailed: the caller itself failed.
    """
    output, errors = call.communicate(timeout=LONGEST_S)
    if not output:
        raise shell.CommandFailed(f"the caller failed: {errors}")
    report: dict[str, Any] = json.loads(output.splitlines()[-1])
    return report


def place(twiml: str, dialogue: str = "hours", seed: int = 1) -> dict[str, Any]:
    """A whole call."""
    with begin(twiml, dialogue, seed) as call:
        return end(call)
