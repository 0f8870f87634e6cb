"""Which rules of the CRDs a manifest meets, and which of them spoke."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.api.manifests import Manifest
from tests.api.server import Outcome

RULES = "x-kubernetes-validations"


@dataclass(frozen=True)
class Located:
    """One rule where it stands, such as `spec.voice.fallbackPlan.voices[]`."""

    kind: str
    path: str
    rule: str
    message: str
    expression: str
    at: str

    def __str__(self) -> str:
        """As a failing test names it."""
        return f"{self.kind} {self.path}{self.at}: {self.rule}"

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What its message looks like; parts that quote the object may be anything."""
        if not self.expression:
            return re.compile(re.escape(self.message))
        return re.compile(".*".join(re.escape(text) for text in re.findall(r"'([^']*)'", self.expression)))

    @property
    def forbids_the_field(self) -> bool:
        """Whether it refuses the field whatever its value: it passes by absence only."""
        return re.fullmatch(r"!has\(self\.\w+\)", self.rule) is not None

    def spoke(self, field: str, outcome: Outcome) -> bool:
        """Whether it is among the complaints about the object at `field`."""
        return any(
            cause.field == f"{field}{self.at}" and self.pattern.search(cause.message) for cause in outcome.causes
        )

    def passed(self, field: str, value: Any, outcome: Outcome) -> bool:
        """Whether it was asked about the object at `field`, had something to look at, and found nothing."""
        if outcome.by_schema or outcome.status == 400 or self.spoke(field, outcome):
            return False
        return self.forbids_the_field or _present(value, self.at)


def located(crd: dict[str, Any]) -> Iterator[Located]:
    """Every rule of a CRD."""
    kind = crd["spec"]["names"]["kind"]
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    yield from _within(kind, "spec", schema["properties"]["spec"])


def _within(kind: str, path: str, schema: dict[str, Any]) -> Iterator[Located]:
    for rule in schema.get(RULES, ()):
        expression, at = rule.get("messageExpression", ""), rule.get("fieldPath", "")
        yield Located(kind, path, rule["rule"], rule["message"], expression, at)
    for name, child in schema.get("properties", {}).items():
        yield from _within(kind, f"{path}.{name}", child)
    if "items" in schema:
        yield from _within(kind, f"{path}[]", schema["items"])


def instances(manifest: Manifest, path: str) -> Iterator[tuple[str, Any]]:
    """Every object in `manifest` that stands at `path`, with its field as complaints name it."""
    found: list[tuple[str, Any]] = [("", manifest)]
    for name, many in re.findall(r"([^.\[\]]+)|(\[\])", path):
        if many:
            found = [(f"{f}[{i}]", each) for f, v in found if isinstance(v, list) for i, each in enumerate(v)]
        else:
            found = [(f"{f}.{name}" if f else name, v[name]) for f, v in found if isinstance(v, dict) and name in v]
    yield from found


def _present(value: Any, at: str) -> bool:
    for name in filter(None, at.split(".")):
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True
