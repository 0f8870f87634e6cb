"""Checking what a client asked for, field by field: a strict provider refuses what it does not know."""

from collections.abc import Callable, Mapping
from typing import Any

Holds = Callable[[Any], bool]
"""Whether a value is one that the field may have."""

Fields = Mapping[str, "Holds | Fields"]
"""By name; nested for an object in it."""


def between(low: float, high: float) -> Holds:
    """A number in a range, ends included."""
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def one_of(*values: Any) -> Holds:
    """One of these."""
    return lambda value: value in values


def is_a(kind: type) -> Holds:
    """Anything of that type."""
    return lambda value: isinstance(value, kind)


def wrong(fields: Fields, said: Mapping[str, Any], path: str = "") -> str | None:
    """The path of the first field that is unknown or has a value that it may not have; None: all is well."""
    for name, value in said.items():
        rule = fields.get(name)
        at = f"{path}{name}"
        if isinstance(rule, Mapping):
            found = wrong(rule, value, f"{at}.") if isinstance(value, Mapping) else at
        else:
            found = None if rule is not None and rule(value) else at
        if found is not None:
            return found
    return None
