"""Prometheus' own storage, engine and HTTP API, with samples that a test writes (promapi/main.go)."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.gotools import program


@dataclass(frozen=True)
class Prometheus:
    """A running server.

    Attributes:
        url: where it answers.
    """

    url: str
    _input: IO[str]
    _output: IO[str]

    def write(self, name: str, labels: dict[str, str], value: str, age_s: float = 0.0) -> None:
        """Store one sample of that age; `value` may be `NaN`."""
        sample = {"labels": {"__name__": name, **labels}, "value": value, "age": age_s}
        self._input.write(json.dumps(sample) + "\n")
        self._input.flush()
        if self._output.readline() != "ok\n":
            msg = f"promapi did not store {sample}"
            raise RuntimeError(msg)


@contextmanager
def serving(folder: Path, address: str = "127.0.0.1") -> Iterator[Prometheus]:
    """Serve on a free port of `address` until the block ends; samples are kept in `folder`."""
    command = [program("promapi"), folder, address]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdin
        assert server.stdout
        try:
            yield Prometheus(f"http://{address}:{int(server.stdout.readline())}", server.stdin, server.stdout)
        finally:
            server.stdin.close()
