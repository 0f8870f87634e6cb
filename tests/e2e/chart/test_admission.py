"""Every pod of ours passes restricted Pod Security."""

import json
import subprocess

import pytest

from tests.demo import shell
from tests.demo.stage import DEMO, NAMESPACE, SYSTEM
from tests.e2e import night_desk

pytestmark = pytest.mark.usefixtures("installed", "night")


@pytest.mark.parametrize("namespace", [NAMESPACE, SYSTEM, DEMO, night_desk.NAMESPACE])
def test_no_pod_breaks_restricted_pod_security(namespace: str) -> None:
    """The API server warns of each pod that a namespace with this label would not take."""
    label = f"{night_desk.ADMISSION}=restricted"
    command = ["kubectl", "label", "namespace", namespace, label, "--overwrite", "--dry-run=server"]
    done = subprocess.run(command, env=shell.environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert shell.items("pods", namespace)


def test_the_level_is_enforced_where_the_second_assistant_runs() -> None:
    """So its pods were not merely waved through."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root", "namespace": night_desk.NAMESPACE},
        "spec": {"containers": [{"name": "root", "image": "none", "securityContext": {"privileged": True}}]},
    }
    with pytest.raises(shell.CommandFailed, match="violates PodSecurity"):
        shell.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
