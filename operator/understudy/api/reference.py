"""The API reference in Markdown, written from the CRDs' schemas."""

import re
from collections.abc import Iterator
from typing import Any

from understudy.api.schema_rules import RULES, Schema

HEADING = """# API reference

Generated from `operator/understudy/api` by `make generate`; a test fails when it is out of date.

Durations are texts of whole numbers with units, largest first: `800ms`, `5s`, `30m`, `1h30m`. Fields with an entry in
the last column are described already and refused when applied, never ignored.
"""

COLUMNS = ("Field", "Type", "Default", "What it is", "Not built yet")

_REFUSED = re.compile(r"is not built yet; (.*)$")


def reference(definitions: dict[str, Schema]) -> str:
    """The whole page."""
    return HEADING + "".join(_kind(document) for document in definitions.values())


def _kind(document: Schema) -> str:
    names, version = document["spec"]["names"], document["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    title = f"\n## {names['kind']} (`{names['shortNames'][0]}`)\n\n{schema['description']}\n"
    sections = _sections("spec", schema)
    return title + "".join(_table(path, each) for path, each in sections) + _conditions(schema)


def _sections(path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Every object with fields of its own, from the outside in."""
    inner = _object_in(schema)
    if inner is None:
        return
    yield path, inner
    for name, child in inner["properties"].items():
        many = "[]" if child.get("type") == "array" else ""
        yield from _sections(f"{path}.{name}{many}", child)


def _object_in(schema: Schema) -> Schema | None:
    inner = schema.get("items", schema)
    return inner if inner.get("properties") else None


def _table(path: str, schema: Schema) -> str:
    rows = [_row(name, child, schema) for name, child in schema["properties"].items()]
    lines = [f"| {' | '.join(row)} |" for row in (COLUMNS, ["---"] * len(COLUMNS), *rows)]
    return f"\n### `{path}`\n\n" + "\n".join(lines) + "\n"


def _row(name: str, child: Schema, parent: Schema) -> list[str]:
    required = " (required)" if name in parent.get("required", ()) else ""
    default = f"`{child['default']}`" if "default" in child else ""
    cells = [f"`{name}`{required}", kind_of(child), default, child.get("description", ""), _refusal(name, parent)]
    return [cell.replace("|", "\\|").replace("\n", " ") for cell in cells]


def kind_of(schema: Schema) -> str:
    """Type and bounds in a few words, such as `number, 0.5 to 0.9`."""
    if schema.get("x-kubernetes-int-or-string"):
        return "number or text"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_plural(kind_of(schema['items']))}{_bound(schema, 'Items', '')}"
    if "additionalProperties" in schema:
        return f"map to {kind_of(schema['additionalProperties'])}"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    bounds = _range(schema) if schema["type"] in ("integer", "number") else _bound(schema, "Length", " characters")
    kind: str = schema["type"]
    return words.get(kind, kind) + bounds


def _plural(words: str) -> str:
    return re.sub(r"^(object|text)", r"\1s", words)


def _range(schema: Schema) -> str:
    if "minimum" not in schema:
        return ""
    return f", {schema['minimum']} to {schema['maximum']}" if "maximum" in schema else f", from {schema['minimum']}"


def _bound(schema: Schema, what: str, unit: str) -> str:
    most: Any = schema.get(f"max{what}")
    return f", at most {most}{unit}" if most is not None else ""


def _refusal(name: str, parent: Schema) -> str:
    for rule in parent.get(RULES, ()):
        said = _REFUSED.search(rule["message"])
        if said and rule.get("fieldPath") == f".{name}":
            values = ", ".join(f"`{value}`" for value in re.findall(r"'([^']+)'", rule["rule"]))
            whole = "" if rule["rule"].startswith("!has") and "||" not in rule["rule"] else (values or "`true`") + ": "
            return whole + said[1]
    return ""


def _conditions(schema: Schema) -> str:
    """Rules that are about values or about several fields, by where they are checked."""
    found: dict[str, dict[str, None]] = {}
    for path, each in _everywhere("spec", schema):
        for rule in each.get(RULES, ()):
            if "not built yet" not in rule["message"] and "is a setting of" not in rule["message"]:
                found.setdefault(path + rule.get("fieldPath", ""), {})[rule["message"]] = None
    lines = [f"- `{path}`: {message}" for path, messages in found.items() for message in messages]
    return "\n### Checked when applied\n\n" + "\n".join(lines) + "\n"


def _everywhere(path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    yield path, schema
    if "items" in schema:
        yield from _everywhere(f"{path}[]", schema["items"])
    for name, child in schema.get("properties", {}).items():
        yield from _everywhere(f"{path}.{name}", child)
