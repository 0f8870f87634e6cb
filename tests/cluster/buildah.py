"""Make images without a daemon: mmdebstrap for the base, buildah for the Dockerfile, skopeo for layers on disk."""

import configparser
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

from tests.cluster.paths import cache
from tests.cluster.progress import stage
from tests.cluster.shell import run, succeeds

SUITE = "bookworm"
BASE_PACKAGES = ("python3", "python3-venv", "ca-certificates")
# Built per user as "PIP_…"; what a private mirror or an intercepting proxy needs inside the build as well.
_PIP_OPTIONS = ("index-url", "extra-index-url", "cert", "trusted-host", "proxy", "timeout")
_UNWANTED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")


def base_image(month: str | None = None) -> str:
    """The name of a minimal Debian with Python, made if there is none of this month (for its security fixes)."""
    month = month or f"{datetime.now(UTC):%Y-%m}"
    key = hashlib.sha256(" ".join([SUITE, *BASE_PACKAGES, *_UNWANTED, month]).encode()).hexdigest()[:12]
    name = f"localhost/understudy-base:{key}"
    if succeeds(_buildah("inspect", "--type", "image", name)):
        return name
    archive = cache() / f"base-{key}.tar"
    with stage(f"making a base image from Debian {SUITE} packages"):
        excludes = [f"--dpkgopt=path-exclude={pattern}" for pattern in _UNWANTED]
        include = f"--include={','.join(BASE_PACKAGES)}"
        run(["mmdebstrap", "--variant=minbase", include, *excludes, SUITE, archive], env=_proxies())
        container = run(_buildah("from", "scratch")).strip()
        run(_buildah("add", container, archive, "/"))
        run(_buildah("config", "--cmd", '["python3"]', container))
        run(_buildah("commit", "--quiet", container, name))
        run(_buildah("rm", container))
        archive.unlink()
    return name


def build(context: Path, target: str, base: str, layout: Path, reference: str) -> None:
    """Build one target of the Dockerfile in `context` and put it into an image layout under `reference`.

    Raises:
        CommandFailed: the build failed; the message ends with its last lines.
    """
    name = f"localhost/{target}:built"
    argv = ["bud", "--layers", "--isolation", "chroot", "--network", "host", *_mounts()]
    argv += ["--build-arg", f"BASE_IMAGE={base}", "--target", target, "--tag", name, str(context)]
    run(_buildah(*argv), env={**_proxies(), "TMPDIR": str(_temporary())})
    storage = f"[overlay@{_root()}+{_run_root()}]"
    # Uncompressed, because a layer then keeps the digest it has in storage: what is there already is not copied again.
    copy = ["skopeo", "copy", "--quiet", "--dest-oci-accept-uncompressed-layers"]
    run([*copy, f"containers-storage:{storage}{name}", f"oci:{layout}:{reference}"])


def prune() -> None:
    """Drop what a failed build left, and layers that no image built last stands on."""
    succeeds(_buildah("rm", "--all"))
    succeeds(_buildah("rmi", "--prune"))  # it refuses some that are still parents of others; those go next time


def _buildah(*words: str | Path) -> list[str | Path]:
    where = ("--root", _root(), "--runroot", _run_root(), "--storage-driver", "overlay")
    return ["nice", "-n", "5", "env", f"CONTAINERS_CONF={_settings()}", "buildah", *where, *words]


def _settings() -> Path:
    """Keep buildah from making /etc/cni, which no build with the host's network needs."""
    path = _temporary() / "containers.conf"
    path.write_text(f'[network]\nnetwork_config_dir = "{_temporary()}/networks"\n')
    return path


def _root() -> Path:
    return cache() / "buildah" / "root"


def _run_root() -> Path:
    return cache() / "buildah" / "run"


def _temporary() -> Path:
    """Where buildah keeps the Dockerfile's cache mounts: pip's downloads survive from one build to the next."""
    folder = cache() / "buildah" / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _mounts() -> list[str]:
    """The host's certificate authorities and pip settings, read-only, for the time of the build only."""
    mounts = {"/etc/ssl/certs": "/etc/ssl/certs"} if Path("/etc/ssl/certs/ca-certificates.crt").exists() else {}
    settings = _pip_settings()
    if settings is not None:
        mounts[str(settings)] = "/etc/pip.conf"
    return [word for source, target in mounts.items() for word in ("--volume", f"{source}:{target}:ro")]


def _pip_settings() -> Path | None:
    """A pip.conf of this machine's settings, from its file and its environment; None if it has neither."""
    parser = configparser.RawConfigParser()
    parser.read("/etc/pip.conf")
    for option in _PIP_OPTIONS:
        value = os.environ.get(f"PIP_{option.replace('-', '_').upper()}")
        if value:
            if not parser.has_section("global"):
                parser.add_section("global")
            parser.set("global", option, value)
    if not parser.sections():
        return None
    path = _temporary() / "pip.conf"
    with path.open("w") as file:
        parser.write(file)
    return path


def _proxies() -> dict[str, str]:
    """The proxy that apt uses here, for tools that only read the environment."""
    if "http_proxy" in os.environ or not succeeds(["apt-config", "--version"]):
        return {}
    address = run(["apt-config", "dump", "--format", "%v", "Acquire::http::Proxy"]).strip()
    return {"http_proxy": address} if address else {}
