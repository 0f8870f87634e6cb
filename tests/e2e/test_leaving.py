"""Last of all: what this session brought up it takes away, and nothing is left; what was there before is as it was."""

import subprocess
import sys

from tests.demo import shell
from tests.e2e import drill, night_desk
from tests.e2e.conftest import Cluster


def program(*words: str) -> "subprocess.CompletedProcess[str]":
    """`python -m tests.cluster WORDS`."""
    command = [sys.executable, "-m", "tests.cluster", *words]
    return subprocess.run(command, cwd=shell.ROOT, capture_output=True, text=True, check=False)


def test_nothing_is_left_behind(cluster: Cluster) -> None:
    """No process, mount, network interface, control group or folder of the cluster."""
    night_desk.remove()
    drill.remove()
    if not cluster.started_here:
        status = program("status")
        assert status.returncode == 0, status.stdout + status.stderr
        return
    down = program("down")
    assert down.returncode == 0, down.stdout + down.stderr
    left = program("leftovers")
    assert (left.returncode, left.stdout.strip()) == (0, "nothing left")
