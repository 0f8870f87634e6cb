"""Make `.venv` hold exactly the locked dependencies; does nothing when it already does.

Standard library only: this is the first thing that runs on a bare machine. `python3 -m tests.tools.venv`.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
LOCK = ROOT / "operator/requirements/dev.lock"
SYSTEM_PACKAGES = {"espeak-ng": "espeak-ng"}
"""Program → Debian package that the tests and the demo's callers need."""


def say(text: str) -> None:
    """One line of progress."""
    print(f"· {text}", flush=True)


def wanted() -> str:
    """What the venv has to hold: the lock, for this interpreter and this checkout."""
    content = LOCK.read_bytes() + sys.version.encode() + str(ROOT).encode()
    return hashlib.sha256(content).hexdigest()


def install_system(packages: list[str]) -> None:
    """Install Debian packages, or say which one line does.

    Raises:
        SystemExit: not root, or apt-get failed.
    """
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"missing on this machine: {', '.join(packages)}. Install with:\n  sudo {line}")
    say(line)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    quiet = {"stdout": subprocess.DEVNULL, "env": environment}
    if subprocess.run(line.split(), stderr=subprocess.DEVNULL, check=False, **quiet).returncode:  # stale lists
        subprocess.run(["apt-get", "update"], check=True, **quiet)
        subprocess.run(line.split(), check=True, **quiet)


def has_ensurepip() -> bool:
    """Debian's python3 comes without the module that `venv` needs."""
    probe = subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return probe.returncode == 0


def create() -> None:
    """Build the venv anew from the lock; hashes are required, so nothing else can get in."""
    if not has_ensurepip():
        install_system([f"python3.{sys.version_info.minor}-venv"])
    say("creating .venv (about a minute)")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    pip = [str(VENV / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", str(LOCK)], check=True)
    # A .pth file instead of an editable install: nothing to build, and no build dependency outside the lock.
    site = next((VENV / "lib").glob("python3.*/site-packages"))
    (site / "understudy.pth").write_text(f"{ROOT / 'operator'}\n")


def main() -> int:
    """Bring the venv and the system packages up to date."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the very check that says so
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
    missing = [package for program, package in SYSTEM_PACKAGES.items() if not shutil.which(program)]
    if missing:
        install_system(missing)
    stamp = VENV / ".understudy"
    if not stamp.exists() or stamp.read_text() != wanted():
        create()
        stamp.write_text(wanted())
    return 0


if __name__ == "__main__":
    sys.exit(main())
