"""Signs, colours and small pictures. A colour never says what no sign or word says as well."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from understudy.api.evidence import Verdict
from understudy.api.status import Phase

GOOD, BAD, WAIT, FAINT, BOLD = "green", "bold red", "yellow", "dim", "bold"
"""Styles of rich."""

BARS = "▁▂▃▄▅▆▇█"
"""Heights of a sparkline."""

METER = 12
"""Characters of a meter: enough to see a twelfth, short enough for 80 columns."""


class Sign(NamedTuple):
    """A character and the colour it is shown in."""

    text: str
    style: str


PHASES: dict[Phase, Sign] = {
    Phase.INITIALIZING: Sign("◌", WAIT),
    Phase.STABLE: Sign("✔", GOOD),
    Phase.PREPARING: Sign("◌", WAIT),
    Phase.CANARY: Sign("◐", WAIT),
    Phase.PAUSED: Sign("‖", WAIT),
    Phase.PROMOTING: Sign("▲", GOOD),
    Phase.BAKING: Sign("◕", GOOD),
    Phase.ROLLING_BACK: Sign("▼", BAD),
    Phase.ROLLED_BACK: Sign("✘", BAD),
}

VERDICTS: dict[Verdict, Sign] = {
    Verdict.PASS: Sign("✔", GOOD),
    Verdict.FAIL: Sign("✘", BAD),
    Verdict.INSUFFICIENT: Sign("…", WAIT),
    Verdict.ERROR: Sign("!", BAD),
}

_ASCII = str.maketrans({
    "├": "|", "└": "`", "│": "|", "─": "-", "✔": "+", "✘": "x", "…": "~", "◌": "o", "◐": "o", "◕": "o", "‖": "=",
    "▲": "^", "▼": "v", "▶": ">", "○": "o", "·": "-", "█": "#", "░": ".", "→": "->", "≤": "<=", "≥": ">=",
    **{bar: str(height) for height, bar in enumerate("▁▂▃▄▅▆▇", start=1)},
})  # fmt: skip


def plain(text: str) -> str:
    """`text` in ASCII, for terminals that show nothing else."""
    return text.translate(_ASCII).encode("ascii", "replace").decode()


def sparkline(values: Sequence[float | None]) -> str:
    """One bar for each value, between the smallest and the largest; a gap where there was none."""
    known = [each for each in values if each is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    return "".join(" " if each is None else BARS[_height(each, low, span)] for each in values)


def _height(value: float, low: float, span: float) -> int:
    """Values that are all the same are shown low: nothing has happened."""
    return round((value - low) / span * (len(BARS) - 1)) if span > 0 else 0


def meter(share: float, width: int = METER) -> str:
    """`███░░░`: how much of the whole is there; only the whole fills it."""
    filled = width if share >= 1 else min(width - 1, int(max(0.0, share) * width))
    return "█" * filled + "░" * (width - filled)


def odds(value: float, needed: float) -> float:
    """How far odds have come, on the scale on which evidence adds up: their logarithm. 0 to 1 and beyond."""
    return math.log(max(value, 1.0)) / math.log(needed) if needed > 1 else 0.0


def percent(value: float | None) -> str:
    """`12.3 %`, or `no data`, which is not zero."""
    return "no data" if value is None else f"{value:.3g} %"


def count(number: int | None, noun: str, plural: str = "") -> str:
    """`1 call`, `2 calls`; `calls unknown`."""
    many = plural or f"{noun}s"
    return f"{many} unknown" if number is None else f"{number} {noun if number == 1 else many}"
