"""Who may speak to whom: the cluster's certificates, and kubeconfigs for those who hold one."""

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.cluster.shell import run


@dataclass(frozen=True)
class Identity:
    """One certificate: its file name, the user and group it names, and where it may serve TLS."""

    name: str
    common: str
    group: str = ""
    dns: list[str] = field(default_factory=list)
    ips: list[str] = field(default_factory=list)


ADMIN = Identity("admin", "admin", "system:masters")


def server(*ips: str) -> Identity:
    """The API server's certificate, for the names that pods use and the addresses given."""
    inside = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    return Identity("apiserver", "kube-apiserver", dns=["localhost", *inside], ips=["127.0.0.1", *ips])


def issue(node: Path, folder: Path, wanted: Sequence[Identity]) -> None:
    """Write a new authority, a service-account key pair and every certificate wanted into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    run([node, "pki", folder], stdin=json.dumps([asdict(one) for one in wanted]).encode())


def kubeconfig(pki: Path, who: Identity, url: str) -> str:
    """A self-contained kubeconfig. It is JSON, which every reader of YAML takes."""

    def embedded(file: str) -> str:
        return base64.b64encode((pki / file).read_bytes()).decode()

    cluster = {"server": url, "certificate-authority-data": embedded("ca.crt")}
    user = {
        "client-certificate-data": embedded(f"{who.name}.crt"),
        "client-key-data": embedded(f"{who.name}.key"),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "understudy", "cluster": cluster}],
        "users": [{"name": who.name, "user": user}],
        "contexts": [{"name": "understudy", "context": {"cluster": "understudy", "user": who.name}}],
        "current-context": "understudy",
    }
    return json.dumps(document, indent=2) + "\n"
