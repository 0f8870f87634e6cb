"""The real routing-proxy as a process of its own on loopback, reading its documents from a directory."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from understudy.domain import naming
from understudy.domain.revision.snapshot import Account, Agent, Model, ModelTarget, Snapshot, Transcriber, Voice
from understudy.domain.routing.document import KEY, RevisionRef, RoutingDocument

NAMESPACE, NAME = "bench", "turn"
SECRET = "provider"
READY_S = 20.0


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def snapshot(provider: str) -> Snapshot:
    """A revision whose providers are all at `provider`, such as http://127.0.0.1:4000."""
    websocket = provider.replace("http", "ws", 1)
    bases = {"openai": f"{provider}/v1", "deepgram": websocket, "cartesia": websocket}
    accounts = {
        name: Account(name=name, provider=name, base_url=base, secret=SECRET, default_host=False)
        for name, base in bases.items()
    }
    return Snapshot(
        accounts=accounts,
        model=Model(targets=(ModelTarget(name="m", account="openai", model="m"),), system_prompt="You are brief."),
        transcribers=(Transcriber(account="deepgram", provider="deepgram", model="nova-3", language="en"),),
        voices=(Voice(account="cartesia", provider="cartesia", voice_id="v", model="sonic-3"),),
        agent=Agent(image="none"),
    )


class ProxyProcess:
    """Runs `understudy proxy --documents`, serving one assistant whose agent is at `agent` (host:port).

    Attributes:
        media: where a carrier streams a call's audio.
        pid: of the process.
    """

    def __init__(self, provider: str, agent: str, key: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="understudy-bench-")
        root = Path(self._folder.name)
        self._write(root, provider, agent, key)
        port, self._admin = free_port(), free_port()
        self.media = f"ws://127.0.0.1:{port}{naming.media_path(NAMESPACE, NAME)}"
        environment = os.environ | {
            "UNDERSTUDY_ASSISTANTS": f"{NAMESPACE}/{NAME}", "UNDERSTUDY_PORT": str(port),
            "UNDERSTUDY_ADMIN_PORT": str(self._admin), "UNDERSTUDY_STATE_DIR": str(root / "state"),
            "UNDERSTUDY_CREDENTIALS_DIR": str(root / "credentials"), "POD_IP": "127.0.0.1",
        }  # fmt: skip
        self._log = (root / "log").open("w+")
        command = [sys.executable, "-m", "understudy", "proxy", "--documents", str(root / "documents")]
        self._process = subprocess.Popen(command, env=environment, stdout=self._log, stderr=self._log)
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        """Wait until it serves.

        Raises:
            RuntimeError: it ended, or was not ready in time; the message is its log.
        """
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self._admin}/readyz", timeout=1).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
            else:
                return self
        self._log.seek(0)
        raise RuntimeError(self._log.read())

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._log.close()
        self._folder.cleanup()

    def state(self) -> dict[str, object]:
        """What the operator would read."""
        url = f"http://127.0.0.1:{self._admin}/v1/state?assistant={NAMESPACE}/{NAME}&after=0&generation=0&wait=0"
        with urllib.request.urlopen(url, timeout=5) as answer:
            report: dict[str, object] = json.load(answer)
        return report

    @staticmethod
    def _write(root: Path, provider: str, agent: str, key: str) -> None:
        home = root / "documents" / NAMESPACE / NAME
        (home / "revisions").mkdir(parents=True)
        (root / "state").mkdir()
        secret = root / "credentials" / NAMESPACE / SECRET
        secret.mkdir(parents=True)
        (secret / naming.SECRET_KEY).write_text(key)
        (secret / naming.SECRET_ALLOWED_HOSTS).write_text("127.0.0.1")
        (home / "revisions" / "r1.json").write_text(json.dumps(snapshot(provider).to_json()))
        document = RoutingDocument(
            namespace=NAMESPACE, assistant=NAME, generation=1,
            stable=RevisionRef(name="r1", object_name="r1", agent_service=agent),
        )  # fmt: skip
        (home / KEY).write_text(json.dumps(document.to_json()))
