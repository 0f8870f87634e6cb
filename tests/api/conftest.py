"""One API server for all tests here."""

from collections.abc import Iterator

import pytest

from tests.api.cases import CASES
from tests.api.server import Kube, Outcome
from tests.cluster.apiserver import Server, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def kube(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kube]:
    """A connection to a server that has our CRDs."""
    kube = Kube(server, tmp_path_factory.mktemp("identity"))
    with kube.client:
        kube.install_crds()
        yield kube


@pytest.fixture(scope="session")
def outcomes(kube: Kube) -> dict[str, Outcome]:
    """What became of every case, by its name: each is asked once, and looked at by several tests."""
    return {case.name: kube.try_create(case.manifest) for case in CASES}
