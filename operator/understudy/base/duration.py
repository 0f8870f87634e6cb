"""Durations as users write them: `1200ms`, `5s`, `30m`, `1h30m`."""

import re

PATTERN = r"^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"
"""A Go-style duration of whole units, largest first; the empty string matches and is refused by length."""

_UNIT_MS = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_PART = re.compile(r"([0-9]+)(ms|h|m|s)")


def parse_ms(text: str) -> int:
    """Milliseconds in `text`.

    Raises:
        ValueError: `text` is not a duration; the message says what one looks like.
    """
    if not text or not re.fullmatch(PATTERN, text):
        msg = f"{text!r} is not a duration: write whole numbers with units, such as 800ms, 5s, 30m or 1h30m"
        raise ValueError(msg)
    return sum(int(number) * _UNIT_MS[unit] for number, unit in _PART.findall(text))


def format_ms(milliseconds: int) -> str:
    """`milliseconds` in the largest units that keep it exact: 90000 → `1m30s`, 1200 → `1s200ms`."""
    if milliseconds == 0:
        return "0s"
    parts = []
    rest = milliseconds
    for unit, size in _UNIT_MS.items():
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
