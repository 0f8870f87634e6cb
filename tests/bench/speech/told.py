"""What the proxy's process is told."""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.bench.lines import NAMESPACE
from understudy.domain import naming
from understudy.domain.revision.snapshot import Snapshot

SECRET = "provider"

KEYS = {SECRET: "none", "playht": "user:none"}
"""By Secret; PlayHT wants two things."""
ASSISTANTS = "assistants.json"
STALLS = "stalls"
LOG = "log"


def write(folder: Path, snapshots: Mapping[str, Snapshot], agents: str, ports: tuple[int, int]) -> None:
    """What the process is to know: revisions by assistant, the agents' host:port, its own two ports."""
    for name, key in KEYS.items():
        secret = folder / "credentials" / NAMESPACE / name
        secret.mkdir(parents=True)
        (secret / naming.SECRET_KEY).write_text(key)
        (secret / naming.SECRET_ALLOWED_HOSTS).write_text("127.0.0.1")
    (folder / "state").mkdir()
    revisions = {name: snapshot.to_json() for name, snapshot in snapshots.items()}
    (folder / ASSISTANTS).write_text(json.dumps({"agents": agents, "ports": ports, "revisions": revisions}))
