"""What a simulated provider is told to do wrong, as a user tells it: through the API server."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.demo import shell


def _control(namespace: str, path: str) -> str:
    return f"/api/v1/namespaces/{namespace}/services/simulator:8080/proxy/control/{path}"


def put(namespace: str, account: str, fault: dict[str, Any]) -> None:
    """From now on `account` has this fault and no other."""
    change = json.dumps({"faults": [fault]})
    shell.kubectl("replace", "--raw", _control(namespace, account), "-f", "-", stdin=change)


def heal(namespace: str, account: str) -> None:
    """`account` does again what its script says."""
    shell.kubectl("delete", "--raw", _control(namespace, account))


@contextmanager
def on(namespace: str, accounts: Iterable[str], fault: dict[str, Any]) -> Iterator[None]:
    """These accounts have the fault for so long."""
    struck = tuple(accounts)
    try:
        for account in struck:
            put(namespace, account, fault)
        yield
    finally:
        for account in struck:
            heal(namespace, account)


def stats(namespace: str) -> dict[str, dict[str, Any]]:
    """Account → counts since the simulator started (`simulator.deployment.Stats`)."""
    found: dict[str, dict[str, Any]] = json.loads(shell.kubectl("get", "--raw", _control(namespace, "stats")))
    return found
