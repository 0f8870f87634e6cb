"""Counting turns, and the table for people."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.bench.faults_text import Outcome, Verdict
from tests.bench.report import percentile, rounded

LONGEST_ERROR = 120
"""Characters of an error that tell it from others."""


@dataclass
class Tally:
    """What one system made of one fault."""

    verdicts: list[Verdict] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    """Turns by how they ended otherwise."""

    def add(self, verdict: Verdict, outcome: Outcome) -> None:
        """Take in a turn."""
        self.verdicts.append(verdict)
        self.outcomes.append(outcome)
        if outcome.error:
            error = outcome.error[:LONGEST_ERROR]
            self.errors[error] = self.errors.get(error, 0) + 1

    def to_json(self) -> dict[str, int]:
        """As in the result."""
        return {
            "turns": len(self.verdicts),
            "answered": sum(each.answered for each in self.verdicts),
            "within_budget": sum(each.within_budget for each in self.verdicts),
            "seams": sum(each.seam for each in self.verdicts),
            "duplicates": sum(each.duplicates for each in self.verdicts),
        }

    def clauses(self) -> dict[str, float | None]:
        """When the first clause was there, in milliseconds, in turns in which one came: the median, and the latest."""
        times = [each.clause_s * 1000 for each in self.outcomes if each.clause_s is not None]
        return {"p50": rounded(percentile(times, 50), 0), "max": rounded(percentile(times, 100), 0)}


def table(systems: Mapping[str, Mapping[str, Mapping[str, int]]]) -> str:
    """A row for each fault; in each cell the turns answered, those within the budget, and those with a seam."""
    names = list(systems)
    faults = list(next(iter(systems.values()), {}))
    rows = [f"| fault | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    rows += [f"| `{fault}` | {' | '.join(_cell(systems[name][fault]) for name in names)} |" for fault in faults]
    return "\n".join(rows)


def _cell(counts: Mapping[str, int]) -> str:
    shown = f"{counts['answered']}/{counts['turns']}, {counts['within_budget']} in time"
    if counts["seams"]:
        shown += f", {counts['seams']} with a seam"
    return f"{shown}, {counts['duplicates']} words twice" if counts["duplicates"] else shown
