"""Run benchmarks: `python -m tests.bench [NAME] [--quick]`; without a name, all of them, one after the other.

The last line that each prints is one JSON object; it is also written into docs/benchmarks.md.
"""

import importlib
import sys
from collections.abc import Callable

BENCHMARKS = ("turn", "rollback", "routing", "faults", "proxy", "speech", "verdict")
"""Those that exist; design.md names the rest."""


def load(name: str) -> Callable[[list[str]], int]:
    """The `main` of one benchmark.

    Raises:
        SystemExit: there is none of that name.
    """
    if name not in BENCHMARKS:
        sys.exit(f"no benchmark is called {name!r}; there are {', '.join(BENCHMARKS)}")
    entry: Callable[[list[str]], int] = importlib.import_module(f"tests.bench.{name}").main
    return entry


def main() -> int:
    """Run what the command line names; the first failure is the exit status."""
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    names = [word for word in sys.argv[1:] if not word.startswith("-")] or list(BENCHMARKS)
    return max(load(name)(options) for name in names)


if __name__ == "__main__":
    sys.exit(main())
