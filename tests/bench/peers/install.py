"""Installing a peer once, outside the repository, in a folder named by its lock."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.peers.peer import PeerUnavailable
from tests.cluster import paths

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements"

PIP_S = 600.0
"""LiteLLM with its proxy is 120 packages."""


def installed(name: str, locks: Sequence[Path], build: Callable[[Path], None]) -> Path:
    """The folder that `build` filled according to `locks`, now or earlier.

    Raises:
        PeerUnavailable: it cannot be installed.
    """
    key = hashlib.sha256(b"".join(lock.read_bytes() for lock in locks) + sys.version.encode()).hexdigest()[:16]
    folder = paths.cache() / "peers" / f"{name}-{key}"
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / f"{name}.lock").open("w") as lock:  # two benchmarks may want it at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            print(f"· installing {name} (once, about a minute)", flush=True)
            build(folder)
            (folder / ".complete").touch()
    return folder


def run(command: Sequence[str], folder: Path, *, seconds: float = PIP_S) -> None:
    """Run an installer in `folder`.

    Raises:
        PeerUnavailable: it failed; the message is the end of what it printed.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, check=False, timeout=seconds, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise PeerUnavailable(f"{command[0]} did not end within {seconds:.0f} s") from late
    if done.returncode:
        raise PeerUnavailable(f"{' '.join(command[:3])} failed: {done.stdout[-1000:]}")


def program(name: str, package: str) -> str:
    """Path of a program that has to be on the machine.

    Raises:
        PeerUnavailable: it is not; the message is the line that installs it.
    """
    found = shutil.which(name)
    if found is None:
        raise PeerUnavailable(f"{name} is missing: sudo apt-get install -y --no-install-recommends {package}")
    return found
