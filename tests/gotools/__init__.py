"""Small Go programs for tests, built once for each version of their sources by the toolchain that builds Kubernetes."""

import hashlib
import shutil
from pathlib import Path

from tests.cluster import golang
from tests.cluster.paths import cache
from tests.cluster.progress import stage
from tests.cluster.shell import exclusive, run

SOURCES = Path(__file__).resolve().parent
ENVIRONMENT = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}


def program(name: str) -> Path:
    """The program of folder `name`, built first if these sources were not built before."""
    path = cache() / f"gotools-{_key()}" / name
    if not path.exists():
        with exclusive(cache() / "gotools.lock"):
            if not path.exists():
                _build(name, path)
    return path


def _build(name: str, path: Path) -> None:
    for other in cache().glob("gotools-*"):
        if other.is_dir() and other != path.parent:
            shutil.rmtree(other, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    with stage(f"building {name} from its Go modules (a minute, or a few for a whole Prometheus, then cached)"):
        run([golang._toolchain(), "build", "-trimpath", "-o", unfinished, f"./{name}"], env=ENVIRONMENT, cwd=SOURCES)
    unfinished.rename(path)


def _key() -> str:
    digest = hashlib.sha256()
    for path in sorted(SOURCES.rglob("*")):
        if path.suffix in {".go", ".mod", ".sum"}:
            digest.update(f"{path.relative_to(SOURCES)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]
