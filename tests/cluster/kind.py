"""The same cluster with kind, where a Docker daemon answers.

UNTESTED by us: the machines this was written on run no Docker daemon. Kept to the plain commands for that reason.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.cluster import paths
from tests.cluster.images import Image, record
from tests.cluster.progress import stage
from tests.cluster.shell import run, succeeds

NAME = "understudy"


def usable() -> bool:
    """Whether kind is installed and a Docker daemon answers."""
    return shutil.which("kind") is not None and succeeds(["docker", "info"])


def exists() -> bool:
    """Whether the cluster was created."""
    return NAME in run(["kind", "get", "clusters"]).split()


def up() -> None:
    """Create the cluster if there is none and write its kubeconfig."""
    paths.state().mkdir(parents=True, exist_ok=True)
    if exists():
        paths.kubeconfig().write_text(run(["kind", "get", "kubeconfig", "--name", NAME]))
        return
    config = paths.REPO / "kind-config.yaml"
    with stage("creating a kind cluster"):
        argv: list[str | Path] = ["kind", "create", "cluster", "--name", NAME, "--config", config, "--wait", "3m"]
        run([*argv, "--kubeconfig", paths.kubeconfig()])


def images(wanted: Sequence[Image]) -> None:
    """Build with Docker, whose own cache decides what is new, and load into the node."""
    for image in wanted:
        names = image.names()
        tags = [word for name in names for word in ("--tag", name)]
        with stage(f"building and loading the {image.target} image"):
            run(["docker", "build", "--target", image.target, *tags, paths.IMAGE_CONTEXT], env={"DOCKER_BUILDKIT": "1"})
            run(["kind", "load", "docker-image", "--name", NAME, *names])
    record({image.target: f"{image.target}:{image.key()}" for image in wanted})


def down() -> None:
    """Delete the cluster and what we wrote about it."""
    if exists():
        run(["kind", "delete", "cluster", "--name", NAME, "--kubeconfig", paths.kubeconfig()])
    shutil.rmtree(paths.state(), ignore_errors=True)
