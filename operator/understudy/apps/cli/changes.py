"""What differs between two revisions, field by field: prompts as unified diffs, lists by name, secrets never.

A snapshot names Secrets and holds none; what a user may have written into a place of their own (the environment of a
pod, the query of a URL) is compared and not shown.
"""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from understudy.domain.revision.snapshot import Snapshot

HIDDEN = "(not shown)"
"""In place of what may be a secret."""

LONG = 60
"""Characters: a longer text is shown as a unified diff of its lines."""

CONTEXT = 2
"""Lines around a change in a unified diff."""

_PRIVATE = ("agent.template.env",)
"""Lists whose values are not shown, only their names."""

_IDENTITY = ("name", "account", "voiceId")
"""What tells the items of a list apart, the first that they have and differ by."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field.

    Attributes:
        path: such as `model.targets[main].model`.
        before: as it was; None: it was not there.
        after: as it is; None: it is gone.
        lines: a unified diff in place of both, for long texts.
    """

    path: str
    before: str | None = None
    after: str | None = None
    lines: tuple[str, ...] = ()

    def short(self) -> str:
        """In a few words."""
        name = self.path.removeprefix("model.") if self.path.startswith("model.") else self.path
        if self.lines:
            added = sum(each.startswith("+") for each in self.lines)
            gone = sum(each.startswith("-") for each in self.lines)
            return f"{name} (+{added} -{gone} lines)"
        if self.before is None:
            return f"{name} added"
        return f"{name} removed" if self.after is None else f"{name} {self.before} → {self.after}"


def changes(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """Every difference, in the order of the snapshot's fields."""
    return tuple(_of(before.to_json(), after.to_json(), ""))


def _of(before: Any, after: Any, path: str) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_objects(before, after, path)
    elif _named(before) and _named(after):
        yield from _of_lists(before, after, path)
    else:
        yield _of_values(before, after, path)


def _of_objects(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Change]:
    for key in [*before, *(key for key in after if key not in before)]:
        inner = f"{path}.{key}" if path else key
        yield from _of(before.get(key), after.get(key), f"{path}[{key}]" if path == "accounts" else inner)


def _named(value: Any) -> bool:
    """Whether it is a list of things that can be told apart."""
    return isinstance(value, list) and all(isinstance(each, dict) for each in value) and bool(value)


def _keys(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each item is called; numbered where several are called the same."""
    called = [str(next((each[field] for field in _IDENTITY if field in each), "")) for each in items]
    return [
        name if called.count(name) == 1 else f"{name}#{called[:n].count(name) + 1}" for n, name in enumerate(called)
    ]


def _of_lists(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]], path: str) -> Iterator[Change]:
    old, new = dict(zip(_keys(before), before, strict=True)), dict(zip(_keys(after), after, strict=True))
    for key in [*old, *(key for key in new if key not in old)]:
        yield from _of(old.get(key), new.get(key), f"{path}[{key}]")
    stayed = [key for key in old if key in new]
    moved = [key for key in new if key in old]
    if stayed != moved:
        yield Change(f"{path} (order)", ", ".join(stayed), ", ".join(moved))


def _of_values(before: Any, after: Any, path: str) -> Change:
    if path.startswith(_PRIVATE):
        return Change(path, before and HIDDEN, after and HIDDEN)
    old, new = _shown(before), _shown(after)
    if old and new and (max(len(old), len(new)) > LONG or "\n" in old + new):
        return Change(path, lines=_unified(old, new))
    if old == new:
        return Change(path, HIDDEN, HIDDEN)
    return Change(path, None if old is None else _cut(old), None if new is None else _cut(new))


def _cut(text: str) -> str:
    first = text.split("\n", 1)[0]
    return text if len(text) <= LONG and first == text else f"{first[: LONG - 1]}…"


def _shown(value: Any) -> str | None:
    """A value as text; structures as sorted JSON, a line for each field."""
    if value is None:
        return None
    if isinstance(value, str):
        return _without_secrets(value) if "://" in value else value
    if isinstance(value, dict | list):
        return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    return json.dumps(value)


def _without_secrets(text: str) -> str:
    """A URL without user and query; any other text as it is."""
    if any(each.isspace() for each in text):
        return text
    parts = urlsplit(text)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, HIDDEN if parts.query else "", ""))


def _unified(before: str, after: str) -> tuple[str, ...]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=CONTEXT)
    return tuple(each for each in lines if not each.startswith(("---", "+++")))
