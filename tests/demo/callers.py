"""Phone calls: one that is recorded, and many that go on in the background."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.demo import shell, stage
from understudy.domain import naming

OUT = shell.ROOT / "out"
CONCURRENCY = 6
"""Calls at a time: with 6 a verdict comes within two minutes, and everything fits on two cores."""
DIALOGUES = ("hours", "address", "menu", "tuesday", "parking")
"""The short ones: two or three turns, so that calls, which are what is judged, end often."""
LOAD_LIMIT_S = 1500
"""The background calls end by themselves after this, whatever becomes of the story."""


def twiml() -> str:
    """Where the carrier asks what to do with a call."""
    return stage.front_door() + naming.twiml_path(stage.NAMESPACE, stage.ASSISTANT)


def simulator(*arguments: str) -> list[str]:
    """The caller's command line."""
    return [sys.executable, "-m", "understudy", "simulator", *arguments]


def place_one(name: str, dialogue: str, seed: int = 7) -> dict[str, Any]:
    """One recorded call: `out/NAME.wav` (caller left, assistant right) and `out/NAME.json`.

    Returns:
        The caller's report.
    """
    OUT.mkdir(exist_ok=True)
    transcript = OUT / f"{name}.json"
    command = simulator(
        "call", "--twiml", twiml(), "--dialogue", dialogue, "--seed", str(seed),
        "--wav", str(OUT / f"{name}.wav"), "--transcript", str(transcript), "--cache", str(OUT / "speech"),
    )  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    if not transcript.exists():
        raise shell.CommandFailed(f"the caller failed: {done.stdout}{done.stderr}")
    report: dict[str, Any] = json.loads(transcript.read_text())
    return report


@dataclass
class Load:
    """Continuous calls in a process of their own; `calls` grows as they finish.

    Attributes:
        calls: one summary for each finished call, with `seenAt` in seconds since the epoch.
        url: TwiML of another assistant than the demo's.
        dialogues: what the callers say.
        options: more of `simulator load`.
    """

    concurrency: int = CONCURRENCY
    seed: int = 1
    url: str = ""
    dialogues: tuple[str, ...] = DIALOGUES
    options: tuple[str, ...] = ()
    calls: list[dict[str, Any]] = field(default_factory=list)
    _process: "subprocess.Popen[str] | None" = None
    _reader: threading.Thread | None = None
    _ended: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        """Begin calling."""
        OUT.mkdir(exist_ok=True)
        command = simulator(
            "load", "--twiml", self.url or twiml(), "--concurrency", str(self.concurrency),
            "--duration", str(LOAD_LIMIT_S), "--seed", str(self.seed), "--stagger", "2", "--cache", str(OUT / "speech"),
            *(word for name in self.dialogues for word in ("--dialogue", name)), *self.options,
        )  # fmt: skip
        with (OUT / "load.log").open("w") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=shell.ROOT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def _read(self) -> None:
        assert self._process
        assert self._process.stdout
        for line in self._process.stdout:
            found = json.loads(line)
            if not found.get("summary"):
                with self._ended:
                    self.calls.append(found | {"seenAt": time.time()})
                    self._ended.notify_all()

    def until(self, enough: Callable[[list[dict[str, Any]]], bool], seconds: float, what: str) -> None:
        """Wait until the calls that have ended are `enough`.

        Raises:
            TimeoutError: they were not within `seconds`.
        """
        with self._ended:
            if not self._ended.wait_for(lambda: enough(self.calls), seconds):
                msg = f"no {what} within {seconds:.0f} s"
                raise TimeoutError(msg)

    def __exit__(self, *_: object) -> None:
        """Let the calls in progress finish."""
        assert self._process
        assert self._reader
        self._process.terminate()
        self._process.wait(timeout=120)
        self._reader.join(timeout=10)
        if self._process.stdout:
            self._process.stdout.close()

    def dropped(self) -> list[dict[str, Any]]:
        """Calls that the line failed."""
        return [call for call in self.calls if call["dropped"]]


def observations(namespace: str = stage.NAMESPACE, assistant: str = stage.ASSISTANT) -> list[dict[str, Any]]:
    """Every finished call that the assistant's proxies still hold, as the operator reads them."""
    found: list[dict[str, Any]] = []
    for pod in _proxies(namespace, assistant):
        after = 0
        while page := report(pod, namespace, assistant, after).get("observations", []):
            found += page
            after = page[-1]["seq"]
    return found


def reports(namespace: str, assistant: str) -> list[dict[str, Any]]:
    """What each of the assistant's proxies says of itself."""
    return [report(pod, namespace, assistant) for pod in _proxies(namespace, assistant)]


def report(pod: str, namespace: str, assistant: str, after: int = 0) -> dict[str, Any]:
    """One proxy's report, with finished calls from sequence number `after` on."""
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}:{naming.ADMIN_PORT}/proxy/v1/state"
    query = f"?assistant={namespace}/{assistant}&after={after}&generation=-1&wait=0"
    found: dict[str, Any] = json.loads(shell.kubectl("get", "--raw", path + query))
    return found


def _proxies(namespace: str, assistant: str) -> list[str]:
    selector = f"{naming.LABEL_INSTANCE}={assistant},{naming.LABEL_COMPONENT}=proxy"
    return [pod["metadata"]["name"] for pod in shell.items("pods", namespace, selector)]


def last_dialogue() -> list[dict[str, Any]]:
    """The messages of the latest call that the simulated model answered, as it saw them."""
    path = f"/api/v1/namespaces/{stage.DEMO}/services/simulator:8080/proxy/control/openai/dialogues"
    dialogues: list[list[dict[str, Any]]] = json.loads(shell.kubectl("get", "--raw", path))
    return dialogues[-1] if dialogues else []


def save(path: Path, text: str) -> None:
    """Keep `text` beside the recordings."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
