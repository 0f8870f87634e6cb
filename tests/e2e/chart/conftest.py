"""The operator as `helm install` leaves it, and an assistant that is Ready, on the demo's cluster."""

import pytest

from tests.demo import stage


@pytest.fixture(scope="session")
def installed() -> None:
    """Everything up to a Ready assistant; what is there already stays as it is."""
    stage.prepare()
