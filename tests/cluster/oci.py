"""Image layouts on disk (the OCI image-layout specification) and the stream that loads them into containerd.

Layers are content-addressed, so a stream need only carry those that the other side lacks: a change of source moves
kilobytes, not the gigabyte underneath.
"""

import hashlib
import io
import json
import platform
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.cluster.embedded import ctr
from tests.cluster.errors import CommandFailed
from tests.cluster.shell import run

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True)
class Layout:
    """A folder of images that share layers."""

    folder: Path

    def blob(self, digest: str) -> Path:
        """Where the content with this digest (`sha256:…`) is."""
        return self.folder / "blobs" / digest.replace(":", "/")

    def find(self, reference: str) -> dict[str, Any] | None:
        """The descriptor of the image's manifest, None if it is not here or not whole."""
        for entry in self._index()["manifests"]:
            if entry.get("annotations", {}).get("org.opencontainers.image.ref.name") == reference:
                whole = all(self.blob(digest).exists() for digest in self.digests(entry["digest"]))
                return dict(entry) if whole else None
        return None

    def digests(self, manifest: str) -> list[str]:
        """The manifest's own digest, its configuration's and its layers'."""
        if not self.blob(manifest).exists():
            return [manifest]
        content = json.loads(self.blob(manifest).read_bytes())
        return [manifest, content["config"]["digest"], *(layer["digest"] for layer in content["layers"])]

    def prune(self, keep: Sequence[str]) -> None:
        """Forget all images but those with the references given, and the blobs that only they used."""
        index = self._index()
        names = "org.opencontainers.image.ref.name"
        kept = [m for m in index["manifests"] if m.get("annotations", {}).get(names) in keep]
        (self.folder / "index.json").write_text(json.dumps({**index, "manifests": kept}))
        used = {digest.partition(":")[2] for entry in kept for digest in self.digests(entry["digest"])}
        for blob in (self.folder / "blobs" / "sha256").glob("*"):
            if blob.name not in used:
                blob.unlink()

    def references(self) -> list[str]:
        """All images here, oldest first."""
        names = "org.opencontainers.image.ref.name"
        return [m["annotations"][names] for m in self._index()["manifests"] if names in m.get("annotations", {})]

    def _index(self) -> dict[str, Any]:
        path = self.folder / "index.json"
        empty: dict[str, Any] = {"schemaVersion": 2, "manifests": []}
        return dict(json.loads(path.read_text())) if path.exists() else empty


def load(layout: Layout, reference: str, names: Sequence[str]) -> int:
    """Load an image into the cluster's containerd under `names`; returns how many bytes had to move.

    Raises:
        CommandFailed: the image is not in the layout, or containerd refused it.
    """
    entry = layout.find(reference)
    if entry is None:
        raise CommandFailed(f"{reference} is not in {layout.folder}: `python -m tests.cluster images` builds it")
    present = set(run(ctr("content", "list", "--quiet")).split())
    digests = layout.digests(entry["digest"])
    # Manifest and configuration always travel: they are what the import reads the names and the layers from.
    moving = [digest for place, digest in enumerate(digests) if place < 2 or digest not in present]
    blobs = {f"blobs/{digest.replace(':', '/')}": layout.blob(digest) for digest in moving}
    index = [{**entry, "annotations": {"io.containerd.image.name": name}} for name in names]
    _import(index, blobs)
    return sum(path.stat().st_size for path in blobs.values())


def load_program(program: Path, name: str) -> None:
    """Load an image with nothing in it but one static program."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        info = tarfile.TarInfo(program.name)
        info.size, info.mode = program.stat().st_size, 0o755
        with program.open("rb") as source:
            tar.addfile(info, source)
    diff = _digest(layer.getvalue())
    config = _json(
        {
            "architecture": _architecture(),
            "os": "linux",
            "config": {"Entrypoint": [f"/{program.name}"], "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [diff]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(_CONFIG, config),
            "layers": [_descriptor(_LAYER, layer.getvalue())],
        }
    )
    blobs = {f"blobs/{_digest(data).replace(':', '/')}": data for data in (layer.getvalue(), config, manifest)}
    _import([{**_descriptor(_MANIFEST, manifest), "annotations": {"io.containerd.image.name": name}}], blobs)


def _import(index: Sequence[dict[str, Any]], blobs: dict[str, Path] | dict[str, bytes]) -> None:
    """Stream an image archive into `ctr images import`."""
    pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(ctr("images", "import", "-"), stdin=pipe, stdout=quiet, stderr=pipe) as importer:
        assert importer.stdin is not None
        assert importer.stderr is not None
        try:
            with tarfile.open(fileobj=importer.stdin, mode="w|", bufsize=1 << 20) as tar:
                _add(tar, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
                for name, content in blobs.items():
                    _add(tar, name, content)
                # Last: a stream that breaks off before it names no image, so none can be registered without its layers.
                _add(tar, "index.json", _json({"schemaVersion": 2, "manifests": list(index)}))
            importer.stdin.close()
        except BrokenPipeError:
            pass  # it ended early: its own words say why
        said = importer.stderr.read().decode(errors="replace")
    if importer.returncode != 0:
        raise CommandFailed(f"containerd refused the image: {said.strip()}")


def _add(tar: tarfile.TarFile, name: str, content: Path | bytes) -> None:
    info = tarfile.TarInfo(name)
    source: IO[bytes]
    if isinstance(content, Path):
        info.size, source = content.stat().st_size, content.open("rb")
    else:
        info.size, source = len(content), io.BytesIO(content)
    with source:
        tar.addfile(info, source)


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _architecture() -> str:
    """This machine's architecture in Go's words."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
