"""The result as a table for the docs."""

from typing import Any

HEAD = (
    "| world | failed | passed first | to Fail: median, P90 | bound | ratio | best baseline of equal false alarms "
    "| calls to Pass |\n|---|---|---|---|---|---|---|---|"
)


def table(worlds: dict[str, dict[str, Any]]) -> str:
    """Markdown, a line for each world."""
    return "\n".join([HEAD, *(_line(name, found) for name, found in worlds.items())])


def _line(name: str, found: dict[str, Any]) -> str:
    calls = f"{_number(found['median_calls_to_fail'])}, {_number(found['p90_calls_to_fail'])}"
    return " | ".join([
        f"| {name}",
        f"{100 * found['failed']:.2f} %",
        f"{100 * found['passed_first']:.1f} %",
        calls if found["median_calls_to_fail"] is not None else "",
        _number(found["bound_calls"]),
        _number(found["ratio_to_bound"], 2),
        _number(found["best_baseline_calls"]),
        f"{_number(found['median_calls_to_pass'])} |",
    ])  # fmt: skip


def _number(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:.{digits}f}"
