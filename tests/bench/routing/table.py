"""The second set of worlds as a table in docs/benchmarks.md."""

import re
from collections.abc import Mapping
from typing import Any

from tests.bench.report import DOCS
from tests.bench.routing.targets import BASELINES

PLACE = "routing-worlds"

HEAD = (
    "| world | P95 | limit | ratio | told | best baseline | over budget | limit | best baseline | tokens | "
    "P99 off `live` | missed |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def row(name: str, result: Mapping[str, Any]) -> str:
    """One world."""
    policies = result["policies"]
    ours, best = policies["understudy"], policies["clairvoyant"]
    p95_ms, p95_of = _best(policies, "p95_ms")
    over, over_of = _best(policies, "over_budget_pct")
    missed = ", ".join(target for target, reached in result["targets"].items() if not reached) or "none"
    cells = (
        name,
        f"{ours['p95_ms']:.0f} ms",
        f"{best['p95_ms']:.0f} ms",
        f"{result['p95_vs_clairvoyant']:.2f}",
        f"{result['policies']['told']['p95_ms'] / best['p95_ms']:.2f}",
        f"{p95_ms:.0f} ms `{p95_of}`",
        f"{ours['over_budget_pct']:.2f} %",
        f"{best['over_budget_pct']:.2f} %",
        f"{over:.2f} % `{over_of}`",
        f"{ours['tokens_ratio']:.3f}",
        f"{result['p99_saved_vs_live_ms']:.0f} ms",
        missed,
    )
    return f"| {' | '.join(cells)} |"


def _best(policies: Mapping[str, Any], figure: str) -> tuple[float, str]:
    return min((policies[name][figure], name) for name in BASELINES if policies.get(name))


def publish(results: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the table, and write it into its place.

    Raises:
        ValueError: the docs have no place for it.
    """
    text = "\n".join([HEAD, *(row(name, result) for name, result in results.items())])
    print(text)
    place = re.compile(rf"<!-- {PLACE} -->.*<!-- /{PLACE} -->", re.DOTALL)
    docs = DOCS.read_text()
    if not place.search(docs):
        raise ValueError(f"{DOCS} has no place for {PLACE}")
    DOCS.write_text(place.sub(lambda _: f"<!-- {PLACE} -->\n{text}\n<!-- /{PLACE} -->", docs))
