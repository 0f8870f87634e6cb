"""Only an API server: for tests of CRDs and their rules. Loopback, free ports, a temporary folder, no root.

with running() as server:
subprocess.run(["kubectl", "--kubeconfig", server.kubeconfig, "apply", "-f", "crds/"])
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import daemons, golang, identities
from tests.cluster.identities import ADMIN
from tests.cluster.process import recorded, start
from tests.cluster.rest import Api, wait_for


@dataclass(frozen=True)
class Server:
    """A running API server: its URL, an administrator's kubeconfig, and the folder with `kubectl`."""

    url: str
    kubeconfig: Path
    programs: Path


@contextmanager
def running() -> Iterator[Server]:
    """An API server of one's own for the time of the block; several may run side by side."""
    folder = Path(tempfile.mkdtemp(prefix="understudy-apiserver-"))
    try:
        yield up(folder)
    finally:
        down(folder)


def shared() -> Path:
    """The folder of the server that `apiserver-up` starts, one for each user."""
    return Path(tempfile.gettempdir()) / f"understudy-apiserver-{os.getuid()}"


def up(folder: Path) -> Server:
    """Start etcd and the API server in `folder`, or find them running there; ready in seconds once built."""
    programs = golang.binaries()
    kubeconfig, pki = folder / "kubeconfig", folder / "pki"
    known = recorded(folder / "run")
    if known and all(process.alive() for process in known.values()) and (folder / "url").exists():
        return Server((folder / "url").read_text(), kubeconfig, programs)
    down(folder)
    folder.mkdir(mode=0o700)
    node = programs / "node"
    identities.issue(node, pki, [ADMIN, identities.server()])
    client, peer, port = free_ports(3)
    flags = {
        "advertise-address": "127.0.0.1",
        "authorization-mode": "RBAC",
        "bind-address": "127.0.0.1",
        "disable-admission-plugins": "ServiceAccount",  # no controller here makes the accounts it asks for
        "secure-port": str(port),
        "service-cluster-ip-range": "198.18.128.0/20",
    }
    etcd_url, url = f"http://127.0.0.1:{client}", f"https://127.0.0.1:{port}"
    argv = daemons.etcd(node, folder / "etcd", etcd_url, f"http://127.0.0.1:{peer}")
    etcd = start(folder / "run", "etcd", argv)
    server = start(folder / "run", "kube-apiserver", daemons.apiserver(node, pki, etcd_url, flags))

    def check() -> None:
        etcd.require_alive()
        server.require_alive()

    wait_for("the API server", Api(url, pki).ready, check=check, timeout_seconds=60)
    kubeconfig.write_text(identities.kubeconfig(pki, ADMIN, url))
    (folder / "url").write_text(url)
    return Server(url, kubeconfig, programs)


def down(folder: Path) -> None:
    """Stop what runs in `folder` and remove it."""
    for process in reversed(recorded(folder / "run").values()):
        process.stop()
    shutil.rmtree(folder, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago; held together, so that they differ."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()
