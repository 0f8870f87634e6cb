"""One way to end a benchmark: print the JSON line and keep it in docs/benchmarks.md."""

import json
import math
import os
import platform
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs/benchmarks.md"


def percentile(values: list[float], share: float) -> float | None:
    """The nearest-rank percentile of `values`, or None when there are none: no data is not zero."""
    if not values:
        return None
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share / 100 * len(ranked)) - 1)]


def rounded(value: float | None, digits: int = 1) -> float | None:
    """`value` with `digits` decimals; None stays None."""
    return None if value is None else round(value, digits)


def machine() -> str:
    """The machine in a few words: numbers of different machines do not compare."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def publish(name: str, result: dict[str, Any], *, quick: bool, table: str = "") -> None:
    """Print `result` as the last line, and write it into the benchmark's place in the docs (not for quick runs).

    There, `table` (Markdown) stands above it.
    """
    line = json.dumps({"bench": name, **result})
    if not quick:
        _write(name, line, table)
    print(line, flush=True)


def _write(name: str, line: str, table: str) -> None:
    shown = f"{table.strip()}\n\n" if table else ""
    block = f"<!-- {name} -->\n{shown}```json\n{line}\n```\n{machine()}\n<!-- /{name} -->"
    place = re.compile(rf"<!-- {name} -->.*<!-- /{name} -->", re.DOTALL)
    text = DOCS.read_text()
    if not place.search(text):
        msg = f"{DOCS} has no place for {name}: add <!-- {name} --><!-- /{name} -->"
        raise ValueError(msg)
    DOCS.write_text(place.sub(lambda _: block, text))
