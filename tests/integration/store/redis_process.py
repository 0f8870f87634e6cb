"""A Redis in a process of its own, to be killed, stopped and emptied."""

import os
import signal
import subprocess
from contextlib import suppress
from typing import Self

from redis import Redis

from tests.gotools import program


class RedisProcess:
    """A server on a loopback port that stays the same over restarts."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._address = "127.0.0.1:0"
        self.start()

    @property
    def url(self) -> str:
        return f"redis://{self._address}/0"

    def __enter__(self) -> Self:
        """Started already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill it, stopped or not."""
        self.resume()
        self.kill()

    def start(self) -> None:
        """Start, empty."""
        process = subprocess.Popen(
            [program("redis"), self._address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        port = process.stdout.readline().strip()
        assert port, "the server did not start"
        self._address = f"127.0.0.1:{port}"
        self._process = process

    def kill(self) -> None:
        """As the OOM killer would."""
        if self._process:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    pipe.close()
            self._process = None

    def stop(self) -> None:
        """Connections stay open and nothing answers."""
        assert self._process
        os.kill(self._process.pid, signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)  # it may still answer until the kernel has stopped all its threads

    def resume(self) -> None:
        """Go on after `stop`."""
        with suppress(ProcessLookupError):
            if self._process:
                os.kill(self._process.pid, signal.SIGCONT)

    def flush(self) -> None:
        """Forget everything."""
        with Redis.from_url(self.url) as client:
            client.flushall()
