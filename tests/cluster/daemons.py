"""Command lines of the control plane and the node: pure, from the folder they live in."""

from collections.abc import Mapping
from pathlib import Path

from tests.cluster.sandbox import NODE_IP, POD_RANGE, SERVICE_RANGE
from tests.cluster.settings import NODE_NAME


def etcd(node: Path, data: Path, client: str, peer: str) -> list[str | Path]:
    """Start etcd on loopback. No fsync: a cluster that lives for a test may lose its last second in a power cut."""
    return [
        *(node, "etcd", f"--data-dir={data}", "--unsafe-no-fsync", "--log-level=warn"),
        *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
        *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}"),
    ]


def apiserver(node: Path, pki: Path, etcd_url: str, flags: Mapping[str, str]) -> list[str | Path]:
    """Start the API server; `flags` say where it listens and how it authorizes."""
    fixed = {
        "allow-privileged": "true",
        "client-ca-file": f"{pki}/ca.crt",
        "etcd-servers": etcd_url,
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": f"{pki}/sa.pub",
        "service-account-signing-key-file": f"{pki}/sa.key",
        "tls-cert-file": f"{pki}/apiserver.crt",
        "tls-private-key-file": f"{pki}/apiserver.key",
    }
    return [node, "kube-apiserver", *(f"--{name}={value}" for name, value in {**fixed, **flags}.items())]


def control_plane(node: Path, folder: Path) -> dict[str, list[str | Path]]:
    """Daemons that need no container runtime, by name, in the order they start."""
    pki = folder / "pki"
    serving = {
        "advertise-address": NODE_IP,
        "authorization-mode": "Node,RBAC",
        "bind-address": "0.0.0.0",
        "enable-admission-plugins": "NodeRestriction",
        "kubelet-certificate-authority": f"{pki}/ca.crt",
        "kubelet-client-certificate": f"{pki}/admin.crt",
        "kubelet-client-key": f"{pki}/admin.key",
        # By address: the node's name resolves nowhere, and `exec` and `logs` would time out looking it up.
        "kubelet-preferred-address-types": "InternalIP",
        "secure-port": "6443",
        "service-cluster-ip-range": SERVICE_RANGE,
    }
    controllers = [
        "--allocate-node-cidrs=true",
        f"--cluster-cidr={POD_RANGE}",
        f"--flex-volume-plugin-dir={folder}/volume-plugins",  # the default is a system folder, and it creates it
        f"--kubeconfig={folder}/kube-controller-manager.kubeconfig",
        "--leader-elect=false",
        f"--root-ca-file={pki}/ca.crt",
        f"--service-account-private-key-file={pki}/sa.key",
        "--use-service-account-credentials=true",
    ]
    scheduler = [f"--kubeconfig={folder}/kube-scheduler.kubeconfig", "--leader-elect=false"]
    return {
        "etcd": etcd(node, folder / "etcd", "http://127.0.0.1:2379", "http://127.0.0.1:2380"),
        "kube-apiserver": apiserver(node, pki, "http://127.0.0.1:2379", serving),
        "kube-controller-manager": [node, "kube-controller-manager", *controllers],
        "kube-scheduler": [node, "kube-scheduler", *scheduler],
    }


def worker(node: Path, folder: Path) -> dict[str, list[str | Path]]:
    """Daemons that run pods and connect them, by name, in the order they start."""
    kubelet = [
        f"--cert-dir={folder}/pki",
        f"--config={folder}/kubelet.json",
        f"--hostname-override={NODE_NAME}",
        f"--kubeconfig={folder}/kubelet.kubeconfig",
        f"--node-ip={NODE_IP}",
        f"--root-dir={folder}/kubelet",
    ]
    return {
        "kubelet": [node, "kubelet", *kubelet],
        "kube-proxy": [node, "kube-proxy", f"--config={folder}/kube-proxy.json"],
        "coredns": [node, "coredns", "-conf", folder / "Corefile"],
    }


def containerd(folder: Path) -> list[str | Path]:
    """Start the container runtime."""
    return ["containerd", "--config", folder / "containerd.toml"]
