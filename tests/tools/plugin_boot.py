"""First thing that runs of the single-file kubectl plugin: standard library only, any Python 3 that there is.

Unpacks the archive once into the user's cache (compiled modules cannot be imported out of a zip) and starts it there.
"""

import importlib
import os
import shutil
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

ABOUT: "dict[str, str]" = {}  # written by tests/tools/plugin.py: python, platform, digest
SITE = "site/"
HERE = Path(__file__).resolve().parent
TRIED = "UNDERSTUDY_PLUGIN_TRIED"
"""Set for the second attempt, so that there is no third."""

MINE = f"{sys.version_info[0]}.{sys.version_info[1]}"


def fits() -> bool:
    """Whether this Python can load the compiled parts."""
    return (MINE, sysconfig.get_platform()) == (ABOUT["python"], ABOUT["platform"])


def start_with_the_right_python() -> None:
    """Become the Python that the file was built for, if it is there; leave with a sentence otherwise."""
    other = shutil.which(f"python{ABOUT['python']}")
    if other and ABOUT["platform"] == sysconfig.get_platform() and TRIED not in os.environ:
        os.environ[TRIED] = "1"
        os.execv(other, [other, str(HERE), *sys.argv[1:]])  # noqa: S606 - the very same file, no shell
    sys.exit(
        f"error: this kubectl-understudy was built for Python {ABOUT['python']} on {ABOUT['platform']}, and this is "
        f"Python {MINE} on {sysconfig.get_platform()}; install that Python, or the plugin itself with `pipx install .` "
        "from a checkout, or build one here with `make plugin`"
    )


def unpacked() -> Path:
    """The folder of the unpacked archive; made once, all of it or nothing."""
    base = os.environ.get("XDG_CACHE_HOME")
    cache = (Path(base) if base else Path.home() / ".cache") / "understudy"
    folder = cache / f"plugin-{ABOUT['digest']}"
    if folder.is_dir():
        return folder
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=str(cache), prefix="new-"))
    with zipfile.ZipFile(str(HERE)) as archive:
        archive.extractall(str(fresh), [name for name in archive.namelist() if name.startswith(SITE)])
    try:
        (fresh / SITE).rename(folder)
    except OSError:
        if not folder.is_dir():  # otherwise another run was quicker
            raise
    shutil.rmtree(str(fresh), ignore_errors=True)
    return folder


def main() -> int:
    """Start the command; its exit status."""
    if not fits():
        start_with_the_right_python()
    sys.path.insert(0, str(unpacked()))
    return int(importlib.import_module("understudy.apps.cli.main").main())


if __name__ == "__main__":
    sys.exit(main())
