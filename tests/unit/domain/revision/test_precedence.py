"""The tables of docs/reference/fallback.md, row by row against the code (V2, T1)."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.domain.revision.written import snapshot
from understudy.domain.revision.precedence import Wanted, choose

PAGE = (Path(__file__).resolve().parents[4] / "docs/reference/fallback.md").read_text()

LISTS: dict[str, tuple[str, ...] | None] = {"absent": None, "[]": (), "a list": ("x",)}
SWITCHES = {"absent": None, "true": True, "false": False}
INLINE, PLAN = ("inline entry",), ("plan entry",)

OUTCOMES: dict[str, tuple[tuple[str, ...], bool] | None] = {
    "nothing": ((), False),
    "nothing: the call ends and says why": ((), False),
    "other accounts": ((), True),
    "the plan's list": (PLAN, False),
    "the plan's list, then other accounts": (PLAN, True),
    "the inline list": (INLINE, False),
    "the inline list, then other accounts": (INLINE, True),
    "refused when the plan is applied": None,
    "refused when the assistant is applied": None,
}

Combination = tuple[str, str, str, str]


@dataclass(frozen=True)
class Row:
    """One combination of a table, with `any` and `or` multiplied out."""

    what: str
    combination: Combination
    outcome: str


def _cell(text: str, every: dict[str, object]) -> list[str]:
    words = text.replace("`", "").strip()
    return list(every) if words == "any" else re.split(r"\s+or\s+", words)


def rows() -> Iterator[Row]:
    for what in ("Voices", "Transcribers"):
        section = PAGE.split(f"## {what}\n")[1].split("\n## ")[0]
        for line in re.findall(r"^\| (?!inline)(.+) \|$", section, flags=re.MULTILINE):
            *cells, outcome = line.split(" | ")
            kinds = (LISTS, SWITCHES, LISTS, SWITCHES)
            for combination in itertools.product(*(_cell(c, dict(k)) for c, k in zip(cells, kinds, strict=True))):
                own_list, own_switch, plan_list, plan_switch = combination
                yield Row(what, (own_list, own_switch, plan_list, plan_switch), outcome.strip())


ROWS = tuple(rows())


@pytest.mark.parametrize("what", ["Voices", "Transcribers"])
def test_the_table_has_every_combination_once(what: str) -> None:
    """Three states of each of four fields."""
    found = [row.combination for row in ROWS if row.what == what]
    every = list(itertools.product(LISTS, SWITCHES, LISTS, SWITCHES))
    assert sorted(found) == sorted(every)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_code_does_what_the_table_says(row: Row) -> None:
    """The list and the switch that apply."""
    outcome = OUTCOMES[row.outcome]
    if outcome is None:
        assert row.what == "Voices"
        return
    own_list, own_switch, plan_list, plan_switch = row.combination
    own = Wanted(INLINE if LISTS[own_list] else LISTS[own_list], SWITCHES[own_switch])
    plan = Wanted(PLAN if LISTS[plan_list] else LISTS[plan_list], SWITCHES[plan_switch])
    chosen = choose(own, plan, default=row.what == "Voices")
    assert (chosen.entries, chosen.automatic) == outcome
    assert chosen.from_plan == (own_list == "absent")


STANDBY = {"absent": None, "Cold": "Cold", "Connected": "Connected"}


def standby_rows() -> dict[tuple[str, str], str]:
    """Inline and plan → what is done."""
    section = PAGE.split("## Standby\n")[1].split("\n## ")[0]
    found = {}
    for line in re.findall(r"^\| (?!inline)(.+) \|$", section, flags=re.MULTILINE):
        inline, plan, done = line.split(" | ")
        every: dict[str, object] = dict(STANDBY)
        for combination in itertools.product(_cell(inline, every), _cell(plan, every)):
            found[combination] = done
    return found


@pytest.mark.parametrize("combination", list(itertools.product(STANDBY, STANDBY)), ids="-".join)
def test_standby_is_what_the_table_says(combination: tuple[str, str]) -> None:
    """Every combination is there, and resolves to it."""
    inline, plan = (STANDBY[each] for each in combination)
    transcriber = {"provider": "deepgram", "fallbackPlan": {"standby": inline} if inline else {}}
    found = snapshot({"standby": plan} if plan else {}, transcriber=transcriber).standby
    done = {"Cold": "it is connected when it is needed", "Connected": "it is connected all through every call"}
    assert standby_rows()[combination] == done[found]
