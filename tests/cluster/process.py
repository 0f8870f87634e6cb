"""Daemons that outlive us: started detached, recorded with their start time, stopped by exactly that record.

A process id alone may belong to a stranger by the time we look again; an id and a start time cannot.
"""

import json
import os
import signal
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, sleep

from tests.cluster.errors import ComponentDied, tail


@dataclass(frozen=True)
class Process:
    """One daemon. `started` is its start time in clock ticks since boot, as the kernel reports it."""

    name: str
    pid: int
    started: int
    argv: list[str]
    log: str

    def alive(self) -> bool:
        """Whether this very process still runs; one that ended and was not collected yet does not."""
        _collect(self.pid)
        return start_time(self.pid) == self.started

    def require_alive(self) -> None:
        """Raise ComponentDied, with the end of the log, if the process is gone."""
        if not self.alive():
            advice = "`python -m tests.cluster up` starts it again; `down` then `up` starts afresh."
            raise ComponentDied(f"{self.name} died. {advice} The end of {self.log}:\n{tail(Path(self.log))}")

    def stop(self, grace_seconds: float = 5.0) -> None:
        """Ask it to end, wait, then kill."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.alive():
                return
            os.kill(self.pid, number)
            deadline = perf_counter() + grace_seconds
            while self.alive() and perf_counter() < deadline:
                sleep(0.05)


def start(records: Path, name: str, argv: Sequence[str | Path], *, cgroup: Path | None = None) -> Process:
    """Start a daemon in a session of its own, its output in NAME.log beside its record NAME.json.

    With `cgroup`, the process enters it before it runs a line of its own, so none of its children can be outside.
    """
    records.mkdir(parents=True, exist_ok=True)
    log = records / f"{name}.log"
    words = [str(word) for word in argv]
    script = 'exec "$@"' if cgroup is None else f'echo $$ > "{cgroup}/cgroup.procs" && exec "$@"'
    out = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        "/bin/sh",
        ["sh", "-c", script, name, *words],
        {**os.environ},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), out, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    process = Process(name, pid, start_time(pid) or -1, words, str(log))
    (records / f"{name}.json").write_text(json.dumps(asdict(process)))
    return process


def recorded(records: Path) -> dict[str, Process]:
    """Every daemon started under `records`, by name, whether it still runs or not."""
    found = {}
    for path in sorted(records.glob("*.json")):
        process = Process(**json.loads(path.read_text()))
        found[process.name] = process
    return found


def start_time(pid: int) -> int | None:
    """Clock ticks from boot to the start of process `pid`; None if it is gone or only waits to be collected."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may contain spaces and brackets
    return None if fields[0] in "ZX" else int(fields[19])


def _collect(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # started by an earlier run: not ours to collect
