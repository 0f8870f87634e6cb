"""Every change of one object, as `kubectl get -w` shows it."""

import json
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any, Self

from tests.demo import shell

Resource = dict[str, Any]


class Watch:
    """Follows one object in the background; keeps every version seen, with the time it was seen.

    Attributes:
        seen: (seconds since the epoch, object), oldest first.
    """

    def __init__(self, kind: str, name: str, namespace: str) -> None:
        self.seen: list[tuple[float, Resource]] = []
        self._changed = threading.Condition()
        self._target = (kind, name, namespace)
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False

    def __enter__(self) -> Self:
        """Start following."""
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop following."""
        self._stopped = True
        if self._process:
            self._process.terminate()
        self._thread.join(timeout=10)

    def _follow(self) -> None:
        kind, name, namespace = self._target
        while not self._stopped:  # kubectl's watch ends after a while, or with the API server
            with shell.spawn("kubectl", "-n", namespace, "get", kind, name, "-w", "-o", "json") as self._process:
                self._read()

    def _read(self) -> None:
        decoder = json.JSONDecoder()
        text = ""
        assert self._process
        assert self._process.stdout
        for line in self._process.stdout:
            text += line
            if line.rstrip() != "}":
                continue  # kubectl indents; only a whole object ends in an unindented brace
            found, end = decoder.raw_decode(text)
            text = text[end:].lstrip()
            with self._changed:
                self.seen.append((time.time(), found))
                self._changed.notify_all()

    def until(self, condition: Callable[[Resource], bool], timeout_s: float, what: str) -> Resource:
        """The first version seen from now on (the current one included) for which `condition` holds.

        Raises:
            TimeoutError: none came within `timeout_s`; the message holds the last status.
        """
        deadline = time.monotonic() + timeout_s
        position = max(len(self.seen) - 1, 0)
        with self._changed:
            while True:
                while position < len(self.seen):
                    if condition(self.seen[position][1]):
                        return self.seen[position][1]
                    position += 1
                rest = deadline - time.monotonic()
                if rest <= 0:
                    last = json.dumps(self.seen[-1][1].get("status") if self.seen else None, indent=1)
                    msg = f"waited {timeout_s:.0f} s for {what}; last status:\n{last}"
                    raise TimeoutError(msg)
                self._changed.wait(min(rest, 1))
