"""The real agent program, as a process of its own on a free loopback port."""

import os
import re
import signal
import subprocess
import sys
import threading

from understudy.apps.agent import settings

READY_SECONDS = 60.0
"""On a busy machine the imports alone take seconds."""
POD_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
"""What the image sets: one thread for small matrices, few malloc arenas for memory that stays flat."""


class AgentProcess:
    """Runs `understudy agent`.

    Attributes:
        port: the port it listens on.
        lines: what it has printed.
    """

    def __init__(self, **env: str) -> None:
        changed = {**os.environ, **POD_ENVIRONMENT, settings.ENV_PORT: "0", settings.ENV_HOST: "127.0.0.1", **env}
        self.lines: list[str] = []
        self._ready = threading.Event()
        self.port = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "understudy", "agent"],
            env=changed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(READY_SECONDS) or not self.port:
            self.stop()
            raise AssertionError("\n".join(self.lines))

    @property
    def media(self) -> str:
        """Where calls go."""
        return f"ws://127.0.0.1:{self.port}/media"

    def url(self, path: str) -> str:
        """An HTTP endpoint."""
        return f"http://127.0.0.1:{self.port}{path}"

    def terminate(self) -> None:
        """What the kubelet does."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """End it for good."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout
        self.process.stdout.close()

    def resident_bytes(self) -> int:
        """Resident memory now."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:  # noqa: PTH123
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) * 1024  # type: ignore[index]

    def cpu_seconds(self) -> float:
        """Processor time used so far, all threads."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:  # noqa: PTH123
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            found = re.search(r"ready on port (\d+)", line)
            if found:
                self.port = int(found[1])
                self._ready.set()
        self._ready.set()
