"""Where things are: the repository, the cache that outlives clusters, the state of the one that runs."""

import os
from pathlib import Path

from tests.cluster.errors import ClusterError

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
NODE_SOURCES = HERE / "node"
IMAGE_CONTEXT = REPO / "operator"


def cache() -> Path:
    """Built programs and images: costly to make, safe to delete, kept by `down`."""
    chosen = os.environ.get("UNDERSTUDY_CACHE")
    base = Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "understudy"
    base.mkdir(parents=True, exist_ok=True)
    return base


def state() -> Path:
    """The running cluster: process records, certificates, logs, containers. `down` removes it.

    Raises:
        ClusterError: the override lies where the cluster mounts file systems of its own.
    """
    usual = Path("/var/lib/understudy-cluster") if os.geteuid() == 0 else cache() / "cluster"
    chosen = Path(os.environ.get("UNDERSTUDY_CLUSTER_STATE") or usual)
    if not chosen.is_absolute() or chosen.is_relative_to("/run"):
        raise ClusterError(f"UNDERSTUDY_CLUSTER_STATE={chosen}: use an absolute path outside /run")
    return chosen


def kubeconfig() -> Path:
    """The administrator's kubeconfig; its server address works from the host."""
    return state() / "kubeconfig"
