"""Run the named parts of `make test` in order, with a time for each; stops at the first part that fails.

`python -m tests.tools.check lint unit contracts integration api e2e`
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv/bin"


def pytest(*arguments: str) -> list[list[str]]:
    """One pytest run."""
    return [[str(BIN / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]]


SIDE_BY_SIDE = ("-n", "3", "--dist", "loadfile")
"""For tests on real sockets, which wait more than they compute; a file's tests share its servers."""

PARTS: dict[str, list[list[str]]] = {
    "lint": [
        [str(BIN / "ruff"), "check", "."],
        [str(BIN / "ruff"), "format", "--check", "."],
        [str(BIN / "mypy")],
        [str(BIN / "lint-imports"), "--no-cache"],
    ],
    "unit": pytest("tests/unit", "-n", "2", "--dist", "worksteal"),
    "contracts": pytest("tests/contracts", *SIDE_BY_SIDE),
    "integration": pytest("tests/integration", *SIDE_BY_SIDE),
    "api": pytest("tests/api"),
    "e2e": pytest("tests/e2e", "-s", "--durations=20"),
}


def run(part: str) -> bool:
    """Run one part; False when a command of it failed."""
    for command in PARTS[part]:
        shown = " ".join(word.removeprefix(f"{BIN}/") for word in command)
        print(f"── {part}: {shown}", flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            return False
    return True


def main() -> int:
    """Run the parts in `sys.argv`; 1 when one failed."""
    unknown = [part for part in sys.argv[1:] if part not in PARTS]
    if unknown or not sys.argv[1:]:
        print(f"usage: python -m tests.tools.check PART…, of {', '.join(PARTS)}", file=sys.stderr)
        return 2
    times = []
    for part in sys.argv[1:]:
        started = time.monotonic()
        passed = run(part)
        times.append(f"{part} {time.monotonic() - started:.0f} s")
        if not passed:
            print(f"── FAILED in {part} ({', '.join(times)})", flush=True)
            return 1
    print(f"── all passed: {', '.join(times)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
