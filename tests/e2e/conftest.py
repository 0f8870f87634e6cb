"""One cluster for all of it, and an order: brought up if it is not there, and taken away again only then."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.demo import acts, shell, stage
from tests.e2e import drill, night_desk, relay
from understudy.domain import naming

ORDER = (
    "test_story",
    "test_status_command",
    "test_bad_input",
    "test_operator_killed",
    "test_operator_away",
    "test_rollouts",
    "test_judges",
    "test_shared_plan",
    "test_live_calls",
    "test_speech",
    "test_drill",
    "test_outage",
    "test_rights",
    "test_admission",
    "test_install",
    "test_leaving",
)
"""The story first: it is what the product is for. Whoever uninstalls or takes the cluster down comes last."""

HERE = shell.ROOT / "tests/e2e"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--as-is", action="store_true", help="use cluster, operator and assistant as they are: no build, no install"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort our tests by ORDER, after all others."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)
    items.sort(key=position)


def position(item: pytest.Item) -> int:
    """Where a test belongs.

    Raises:
        UsageError: its file is not listed in ORDER.
    """
    if HERE not in item.path.parents:
        return -1
    if item.path.stem not in ORDER:
        raise pytest.UsageError(f"{item.path}: add it to ORDER in tests/e2e/conftest.py")
    return ORDER.index(item.path.stem)


@dataclass(frozen=True)
class Cluster:
    """What this session found.

    Attributes:
        started_here: whether it was this session that started the cluster, and so has to take it down.
    """

    started_here: bool


def is_up() -> bool:
    """Whether the cluster runs."""
    status = [sys.executable, "-m", "tests.cluster", "status"]
    return subprocess.run(status, cwd=shell.ROOT, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="session", autouse=True)
def cluster(pytestconfig: pytest.Config) -> Cluster:
    """The cluster, the operator, the simulated providers and a fresh front-desk that is Ready."""
    was_up = is_up()
    if not pytestconfig.getoption("--as-is", default=False):
        if was_up:
            forget_earlier_runs()
        stage.prepare()
    return Cluster(started_here=not was_up)


def forget_earlier_runs() -> None:
    """Take away assistants of an earlier run: the story begins with a first revision."""
    if "voiceassistants.understudy.dev" not in shell.kubectl("get", "crds", "-o", "name"):
        return
    night_desk.remove()
    drill.remove()
    shell.kubectl("-n", stage.NAMESPACE, "delete", "va", stage.ASSISTANT, "--ignore-not-found", "--timeout=60s")
    ours = f"{naming.LABEL_INSTANCE}={stage.ASSISTANT}"
    shell.kubectl("-n", stage.NAMESPACE, "wait", "--for=delete", "pods", "-l", ours, "--timeout=120s")


@pytest.fixture(scope="session")
def installed(cluster: Cluster) -> None:
    """The operator as `helm install` leaves it, and an assistant that is Ready."""
    assert cluster


@pytest.fixture(scope="session")
def story(cluster: Cluster) -> acts.Story:
    """The demo's story, played once."""
    assert cluster
    played = acts.Story()
    acts.first_call(played)
    acts.rollouts(played)
    return played


@pytest.fixture(scope="session")
def night(cluster: Cluster) -> None:
    """A second, smaller assistant in a namespace of its own; taken away by `test_leaving`, before the cluster is."""
    assert cluster
    night_desk.make()


@pytest.fixture(scope="module")
def relayed(night: None) -> Iterator[None]:
    """The assistant with three transcribers and three voices, beside night-desk; taken away with its pods."""
    assert night is None
    relay.make()
    yield
    relay.remove()


@pytest.fixture(scope="session")
def drilled(cluster: Cluster) -> None:
    """The drill's assistant, with a pool of nine; taken away by `test_leaving`."""
    assert cluster
    drill.make()
