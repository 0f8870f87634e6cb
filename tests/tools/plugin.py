"""`dist/kubectl-understudy`: the kubectl plugin with everything it needs in one file, run by a bare `python3`.

A zip archive with a first line for the shell (the standard library's zipapp). Some of what it needs is compiled, and
no Python imports compiled modules out of a zip: the first run unpacks the archive into the user's cache, and later
runs start there. So the file is for the operating system, processor and Python version it was built with;
it looks for that Python by itself and says what is missing otherwise. `python -m tests.tools.plugin [FILE]`.
"""

import hashlib
import json
import shutil
import sys
import sysconfig
import tempfile
import zipapp
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "operator/understudy"
OUTPUT = ROOT / "dist/kubectl-understudy"

NEEDED = ("kubernetes-asyncio", "aiohttp", "orjson", "pydantic", "rich")
"""Distributions that the command imports; what they need comes along."""

PARTS = ("api", "adapters/cluster", "apps/cli", "base", "domain")
"""Of our own package."""

UNUSED = ("kubernetes_asyncio/test", "kubernetes_asyncio/docs", "kubernetes_asyncio/e2e_test", "pip/")
"""Folders of others that nothing imports."""

LEFT_OUT = {".pyc", ".pyi", ".pyx", ".pxd", ".c", ".h", ".md", ".rst", ".typed"}
"""Suffixes of what no program reads when it runs."""

BOOT = ROOT / "tests/tools/plugin_boot.py"
"""Becomes the archive's `__main__.py`."""


def distributions(names: tuple[str, ...] = NEEDED) -> dict[str, metadata.Distribution]:
    """The installed distributions with these names and all that they require here, by name."""
    found: dict[str, metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = metadata.distribution(name)
        required = (Requirement(line) for line in found[name].requires or ())
        waiting += [
            each.name.lower() for each in required if each.marker is None or each.marker.evaluate({"extra": ""})
        ]
    return found


def files() -> Iterator[tuple[Path, str]]:
    """(file, its path in the archive) of all that goes in."""
    for name in distributions():
        for entry in metadata.files(name) or ():
            inside = str(entry)
            if not inside.startswith(("..", *UNUSED)) and entry.suffix not in LEFT_OUT:
                yield Path(str(entry.locate())), inside
    own = (path for part in PARTS for path in (PACKAGE / part).rglob("*") if path.is_file())
    inits = [PACKAGE / "__init__.py", PACKAGE / "apps/__init__.py", PACKAGE / "adapters/__init__.py"]
    for path in (*own, *inits):
        if path.suffix not in LEFT_OUT:
            yield path, str(path.relative_to(PACKAGE.parent))


def built_for() -> dict[str, str]:
    """What the archive's compiled parts fit."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {"python": version, "platform": sysconfig.get_platform()}


def boot(about: dict[str, str]) -> str:
    """The first program that runs, which knows what the archive is."""
    return BOOT.read_text(encoding="utf-8").replace("= {}  # written", f"= {json.dumps(about)}  # written")


def stage(folder: Path) -> None:
    """Copy everything below `folder`."""
    content = hashlib.sha256()
    for source, inside in sorted(files(), key=lambda each: each[1]):
        target = folder / "site" / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        content.update(inside.encode() + b"\0" + source.read_bytes())
    about = {**built_for(), "digest": content.hexdigest()[:16]}
    (folder / "__main__.py").write_text(boot(about), encoding="utf-8")


def build(output: Path = OUTPUT) -> Path:
    """Write the file; where it is."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        stage(Path(folder))
        zipapp.create_archive(folder, output, interpreter="/usr/bin/env python3", compressed=True)
    output.chmod(0o755)
    return output


def main() -> int:
    """Build it, and say what it is."""
    output = build(Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT)
    size = output.stat().st_size / 1e6
    about = built_for()
    print(f"{output}: {size:.1f} MB, for Python {about['python']} on {about['platform']}; put it on your PATH")
    return 0


if __name__ == "__main__":
    sys.exit(main())
