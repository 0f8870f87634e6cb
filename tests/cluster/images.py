"""The project's images: which there are, what each depends on, and when one is up to date.

An image is named after the hash of everything that goes into it, so "is it current?" is a comparison of names, and a
Deployment that names it exactly rolls out when, and only when, its content changed.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import buildah, oci, paths
from tests.cluster.embedded import ctr
from tests.cluster.errors import ClusterError
from tests.cluster.progress import say, stage
from tests.cluster.shell import exclusive, run

KEPT = 2  # versions of each image that stay in the cache


@dataclass(frozen=True)
class Image:
    """One target of operator/Dockerfile and the lock files it installs."""

    target: str
    locks: tuple[str, ...]

    def key(self, context: Path = paths.IMAGE_CONTEXT) -> str:
        """Twelve hexadecimal digits over all inputs that lie in the build context."""
        digest = hashlib.sha256()
        for path in self._inputs(context):
            digest.update(f"{path.relative_to(context)}\0".encode() + path.read_bytes() + b"\0")
        return digest.hexdigest()[:12]

    def names(self) -> tuple[str, str]:
        """The exact name and the moving one."""
        return f"localhost/{self.target}:{self.key()}", f"localhost/{self.target}:dev"

    def _inputs(self, context: Path) -> Iterable[Path]:
        yield context / "Dockerfile"
        yield context / ".dockerignore"
        yield from (context / "requirements" / f"{lock}.lock" for lock in self.locks)
        source = (context / "understudy").rglob("*")
        yield from sorted(path for path in source if path.is_file() and "__pycache__" not in path.parts)


IMAGES = {
    "understudy": Image("understudy", ("understudy",)),
    "simulator": Image("simulator", ("understudy", "simulator")),
    "agent": Image("agent", ("agent",)),
}


def chosen(names: Sequence[str]) -> list[Image]:
    """The images with these names, all of them for none.

    Raises:
        ClusterError: there is no such image.
    """
    unknown = [name for name in names if name not in IMAGES]
    if unknown:
        raise ClusterError(f"no image {', '.join(unknown)}; there are: {', '.join(IMAGES)}")
    return [IMAGES[name] for name in names or IMAGES]


def build(wanted: Sequence[Image]) -> dict[str, str]:
    """Build what is not built from these sources yet; returns target → reference in the layout.

    The caller holds `lock()`: what one run builds, another must not drop as old before it is loaded.
    """
    layout = oci.Layout(_layout())
    references = _references(wanted, paths.IMAGE_CONTEXT)
    if all(layout.find(reference) for reference in references.values()):
        return references
    context = _snapshot()
    references = _references(wanted, context)
    stale = [target for target, reference in references.items() if layout.find(reference) is None]
    base = buildah.base_image()
    for target in stale:
        with stage(f"building the {target} image"):
            buildah.build(context, target, base, layout.folder, references[target])
    layout.prune(_kept(layout.references()))
    buildah.prune()
    return references


def _references(wanted: Sequence[Image], context: Path) -> dict[str, str]:
    return {image.target: f"{image.target}:{image.key(context)}" for image in wanted}


def _snapshot() -> Path:
    """A copy of the build context: what is hashed is what is built, however busily somebody edits."""
    copy = paths.cache() / "context"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(paths.IMAGE_CONTEXT, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return copy


def lock() -> AbstractContextManager[None]:
    """Held from the start of a build until its images are loaded."""
    return exclusive(paths.cache() / "images.lock")


def load(references: dict[str, str]) -> None:
    """Load built images into the running cluster, each under its exact name and as `:dev`."""
    layout = oci.Layout(_layout())
    present = _loaded()
    for target, reference in references.items():
        names = [f"localhost/{reference}", f"localhost/{target}:dev"]
        entry = layout.find(reference)
        if entry is not None and all(present.get(name) == entry["digest"] for name in names):
            continue
        with stage(f"loading the {target} image"):
            moved = oci.load(layout, reference, names)
        say(f"{names[0]} is in the cluster ({moved / 1e6:.1f} MB moved)")
    record(references)


def record(references: dict[str, str]) -> None:
    """Remember the exact names for `env`; images not named now keep the name they had."""
    path = paths.state() / "images.json"
    known = current()
    known.update({target: f"localhost/{reference}" for target, reference in references.items()})
    path.write_text(json.dumps(known, indent=2) + "\n")


def current() -> dict[str, str]:
    """Target → exact image name, of what was loaded last."""
    path = paths.state() / "images.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _loaded() -> dict[str, str]:
    """Image name → manifest digest, of all images in the cluster."""
    lines = run(ctr("images", "list")).splitlines()[1:]
    return {words[0]: words[2] for words in map(str.split, lines) if len(words) > 2}


def _kept(references: Sequence[str]) -> list[str]:
    """The newest versions of every image."""
    return [ref for image in IMAGES for ref in [r for r in references if r.startswith(f"{image}:")][-KEPT:]]


def _layout() -> Path:
    return paths.cache() / "images"
