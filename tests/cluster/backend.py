"""Whole commands, for either kind of cluster."""

import os
import shlex
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.cluster import embedded, golang, images, kind, oci, packages, paths, settings
from tests.cluster.embedded import Embedded
from tests.cluster.errors import ClusterError
from tests.cluster.progress import say, stage
from tests.cluster.shell import run


def uses_kind() -> bool:
    """Whether the cluster is kind's: what runs decides, then UNDERSTUDY_CLUSTER=kind|embedded, then the machine."""
    if embedded.describe():
        return False
    choice = os.environ.get("UNDERSTUDY_CLUSTER", "")
    return choice == "kind" or (choice != "embedded" and kind.usable())


def up(*, with_images: bool) -> None:
    """Bring the cluster up, or what of it is missing, and load the images."""
    wanted = images.chosen([]) if with_images else []
    if uses_kind():
        kind.up()
        kind.images(wanted)
    else:
        _up_embedded(wanted)
    say(f'the cluster is up. For your shell: eval "$(python3 -m tests.cluster env)"  # KUBECONFIG={paths.kubeconfig()}')


def _up_embedded(wanted: Sequence[images.Image]) -> None:
    """Compile while packages download; load images while the control plane starts."""
    packages.ensure()
    with images.lock(), ThreadPoolExecutor(2) as pool:
        built = pool.submit(images.build, wanted)
        cluster = Embedded(golang.binaries())
        with stage("starting the sandbox and its container runtime"):
            cluster.start_runtime()
            oci.load_program(cluster.programs / "pause", settings.PAUSE_IMAGE)
        loaded = pool.submit(lambda: images.load(built.result()))
        cluster.start_kubernetes()
        loaded.result()


def refresh(names: Sequence[str]) -> None:
    """Build what changed; load it if the cluster runs."""
    wanted = images.chosen(names)
    if uses_kind():
        kind.images(wanted)
        return
    packages.ensure()
    with images.lock():
        references = images.build(wanted)
        if embedded.describe().get("containerd") == "running":
            images.load(references)
    for reference in references.values():
        print(f"localhost/{reference}")


def down() -> None:
    """Take the cluster away."""
    if uses_kind():
        kind.down()
        return
    if os.geteuid() != 0 and paths.state().exists():
        raise ClusterError("the cluster runs as root: take it down as root")
    with stage("taking the cluster down"):
        embedded.down()


def status() -> bool:
    """Print what runs and return whether all is well."""
    if uses_kind():
        print(f"kind cluster {kind.NAME}: {'created' if kind.exists() else 'absent'}")
        return kind.exists()
    known = embedded.describe()
    for name, condition in known.items():
        print(f"{name:26}{condition}")
    if not known:
        print("the embedded cluster is down")
        return False
    cluster = Embedded(golang.binaries())
    print(f"node                      {embedded.node_summary(cluster.api)}")
    for target, name in images.current().items():
        print(f"{target + ' image':26}{name}")
    return cluster.node_ready() and all(condition == "running" for condition in known.values())


def environment() -> dict[str, str]:
    """What a shell needs to use the cluster: kubeconfig, kubectl and helm, and the exact image names."""
    found = {"KUBECONFIG": str(paths.kubeconfig())}
    if not uses_kind() or not all(shutil.which(tool) for tool in golang.TOOLS):
        found["PATH"] = f"{golang.binaries()}:{os.environ.get('PATH', '')}"
    if any(name.lower() in ("http_proxy", "https_proxy") for name in os.environ):
        ranges = "198.18.0.0/15,127.0.0.1,localhost"
        found["NO_PROXY"] = f"{os.environ.get('NO_PROXY', '')},{ranges}".lstrip(",")
        found["no_proxy"] = found["NO_PROXY"]
    for target, name in images.current().items():
        found["UNDERSTUDY_IMAGE" if target == "understudy" else f"UNDERSTUDY_{target.upper()}_IMAGE"] = name
    return found


def exports() -> str:
    """The environment as shell commands."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment().items())


def become(tool: str, arguments: Sequence[str]) -> None:
    """Replace this process by kubectl or helm, pointed at the cluster."""
    env = {**os.environ, **environment()}
    program = shutil.which(tool, path=env["PATH"])
    if program is None:
        raise ClusterError(f"no {tool} found")
    os.execve(program, [tool, *arguments], env)  # noqa: S606


def load_archive(archive: Path) -> None:
    """Load an image archive (docker or OCI) made elsewhere into the cluster."""
    if uses_kind():
        run(["kind", "load", "image-archive", "--name", kind.NAME, archive])
    else:
        print(run(embedded.ctr("images", "import", archive)).strip())
