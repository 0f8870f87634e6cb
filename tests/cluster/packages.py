"""What the embedded cluster takes from Debian: containers, packet filters, and the tools that make images."""

import os
import shutil
from pathlib import Path

from tests.cluster.errors import ClusterError
from tests.cluster.progress import stage
from tests.cluster.shell import run

# Package → a program that proves it is there. containerd wants runc; the kubelet and kube-proxy want iptables and
# conntrack; socat serves port-forward; ethtool answers the pod network's plugins.
NODE = {
    "containerd": "containerd",
    "runc": "runc",
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ethtool": "ethtool",
    "socat": "socat",
    "iproute2": "ip",
}
IMAGES = {"buildah": "buildah", "skopeo": "skopeo", "mmdebstrap": "mmdebstrap"}


def missing(wanted: dict[str, str]) -> list[str]:
    """The packages whose program is not there, in the order given."""
    search = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [
        package
        for package, program in wanted.items()
        if not (Path(program).exists() if program.startswith("/") else shutil.which(program, path=search))
    ]


def ensure() -> None:
    """Install what is missing, and only that.

    Raises:
        ClusterError: we are not root, or this is no Debian; the message has the line to run.
    """
    os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    absent = missing({**NODE, **IMAGES})
    if os.geteuid() != 0:
        install = f"first: apt-get install --no-install-recommends {' '.join(absent)}\n" if absent else ""
        raise ClusterError(f"{install}the embedded cluster makes network namespaces and mounts: run this as root")
    if not absent:
        return
    if not shutil.which("apt-get"):
        raise ClusterError(f"no apt-get here; install what these Debian packages hold: {' '.join(absent)}")
    with stage(f"installing Debian packages: {' '.join(absent)}"):
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update"], env=quiet)
        run(["apt-get", "install", "-y", "--no-install-recommends", *absent], env=quiet)
