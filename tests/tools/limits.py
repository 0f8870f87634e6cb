"""docs/reference/limits.md: every limit, timeout and default that a constant or a setting holds, read from the source.

A row is a module-level constant in capitals with a docstring below it, or a field of a settings dataclass with one.
Nothing is imported: values are worked out from the syntax tree, so that the page needs no speech libraries.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.tools.arithmetic import Unknown, evaluate

PACKAGE = Path(__file__).resolve().parents[2] / "operator" / "understudy"

PROGRAMS = {
    "apps/proxy": ("Routing-proxy", "One process serves all calls of its assistants."),
    "apps/agent": ("Agent", "One process serves several calls."),
    "apps/controller": ("Operator", "One process leads at a time."),
    "apps/cli": ("Command line", "`kubectl understudy`."),
    "adapters": ("Clients", "Of the API server, for operator, proxies and command line; of the shared store."),
    "domain": (
        "Decisions",
        "What the programs share: judging, rollouts, providers' protocols, the pods that are made.",
    ),
    "api": ("Resources", "Bounds of VoiceAssistant and FallbackPlan; each field's own are in [api.md](api.md)."),
    "base": ("Words shared by all", "Durations and digests."),
    "apps/simulator": ("Simulator", "The demo and the tests only."),
}
"""Folder of the package → heading and first sentence of its table, in the page's order."""

HEADING = """# Limits, timeouts and defaults

Generated from `operator/understudy` by `make generate`; a test fails when it is out of date, and when a number in
capitals has no unit or reason.

A value in a manifest has its range and default in [api.md](api.md), a value of the chart in
[values.yaml](../../helm/understudy/values.yaml). Those below are constants: to change one, change the source and build
the images. Rows named `Settings.…` are set by environment variable or command line; the operator sets them on the pods
it makes. The unit `number` is a count, a share or a protocol's code; the reason says of what.
"""

UNITS = (
    (r"_10MS$", "10 ms"),
    (r"_MS$", "ms"),
    (r"(_S|_SECONDS)$", "s"),
    (r"(^|_)(HZ|RATE)$", "Hz"),
    (r"(BYTES|BODY|SEND_BUFFER|WRITE_HIGH|LINE_LIMIT)$", "bytes"),
    (r"(_LENGTH|_CHARACTERS)$", "characters"),
    (r"_FRAMES$", "frames of 20 ms"),
    (r"PORT$", "TCP port"),
)
"""Pattern of a name → unit of its value."""

OPENINGS = {
    "Bytes": "bytes",
    "Characters": "characters",
    "Milliseconds": "ms",
    "Seconds": "s",
    "Hertz": "Hz",
    "Hz": "Hz",
    "Samples": "samples",
    "Calls": "calls",
    "Percent": "%",
    "RMS": "RMS",
}
"""First word of a docstring → unit of the value."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Row:
    """One value: where it is, what it is, and why; `reason` is empty where nobody wrote one."""

    module: str
    name: str
    value: Any
    reason: str

    @property
    def unit(self) -> str:
        """Unit of a number; empty for a text."""
        numbers = self.value if isinstance(self.value, tuple) else (self.value,)
        if not numbers or not all(is_number(each) for each in numbers):
            return ""
        first = self.reason.split(maxsplit=1)[0].rstrip(".,;:") if self.reason else ""
        named = next((unit for pattern, unit in UNITS if re.search(pattern, self.name.upper())), None)
        return named or OPENINGS.get(first, "number")


def is_number(value: Any) -> bool:
    """Whether `value` is an int or a float; a truth value is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def rows(package: Path = PACKAGE) -> list[Row]:
    """Every constant and setting of the package whose value can be shown."""
    modules = sorted(path.relative_to(package).as_posix() for path in package.rglob("*.py"))
    return [row for module in modules for row in _module_rows(package, module)]


def page(found: list[Row]) -> str:
    """The whole page; rows without a reason are left out, and a test names them."""
    parts = [HEADING]
    for folder, (title, sentence) in PROGRAMS.items():
        own = [row for row in found if row.module.startswith(f"{folder}/") and row.reason]
        parts.append(f"## {title}\n\n{sentence}\n\n| value | is | unit | what and why | in |\n|---|---|---|---|---|\n")
        parts[-1] += "".join(f"{_line(row, folder)}\n" for row in own)
    return "\n".join(parts)


def _line(row: Row, folder: str) -> str:
    reason = " ".join(row.reason.split()).replace("|", "\\|")
    module = row.module.removeprefix(f"{folder}/")
    return f"| `{row.name}` | {_shown(row.value)} | {row.unit} | {reason} | `{module}` |"


def _shown(value: Any) -> str:
    if value in ("", ()):
        return "none"
    if isinstance(value, tuple) and all(is_number(each) for each in value):
        return ", ".join(f"{each:g}" for each in value)
    if is_number(value):
        return f"{value:,}".replace(",", " ") if isinstance(value, int) else f"{value:g}"
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`".replace("|", "\\|")


def _module_rows(package: Path, module: str) -> Iterator[Row]:
    body = tree(package, module).body
    values = constants(package, module)
    for name, reason in _documented(body):
        if _NAME.fullmatch(name) and name in values and (reason or is_number(values[name])):
            yield Row(module, name, values[name], reason)
    if module.endswith("settings.py"):
        for cls in (node for node in body if isinstance(node, ast.ClassDef)):
            yield from _fields(module, cls, values)


def _fields(module: str, cls: ast.ClassDef, values: Mapping[str, Any]) -> Iterator[Row]:
    reasons = dict(_documented(cls.body))
    for node in cls.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            try:
                value = evaluate(node.value, values)
            except Unknown:
                continue
            yield Row(module, f"{cls.name}.{node.target.id}", value, reasons[node.target.id])


def _documented(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node, following in zip(body, [*body[1:], None], strict=True):
        if (name := _target(node)) is not None:
            constant = following.value if isinstance(following, ast.Expr) else None
            text = constant.value if isinstance(constant, ast.Constant) else ""
            yield name, text if isinstance(text, str) else ""


def _target(node: ast.stmt) -> str | None:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    if isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
        return node.target.id
    return None


@cache
def tree(package: Path, module: str) -> ast.Module:
    """The module's syntax tree."""
    return ast.parse((package / module).read_text(encoding="utf-8"))


@cache
def constants(package: Path, module: str) -> dict[str, Any]:
    """Name → value of what the module assigns at its top, in order; also what it imports from the package."""
    known: dict[str, Any] = {}
    for node in tree(package, module).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("understudy"):
            known |= _imported(package, node)
        elif (name := _target(node)) is not None and isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            try:
                known[name] = evaluate(node.value, known)
            except Unknown:
                continue
    return known


def _imported(package: Path, node: ast.ImportFrom) -> dict[str, Any]:
    path = "/".join((node.module or "").split(".")[1:])
    found: dict[str, Any] = {}
    for alias in node.names:
        inside = f"{path}/{alias.name}.py".lstrip("/")
        if (package / inside).exists():
            found[alias.asname or alias.name] = constants(package, inside)
        elif (package / f"{path}.py").exists() and alias.name.isupper():
            found |= {k: v for k, v in constants(package, f"{path}.py").items() if k == alias.name}
    return found
