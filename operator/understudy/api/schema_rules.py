"""What markers and constraints add to a structural schema: bounds, list types, CEL rules."""

from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic.fields import FieldInfo

from understudy.api.markers import MapList, NotBuilt, Only, Opaque, Rule, Setting

Schema = dict[str, Any]

RULES = "x-kubernetes-validations"

_MIN_KEYWORD = {"string": "minLength", "array": "minItems", "object": "minProperties"}
_MAX_KEYWORD = {"string": "maxLength", "array": "maxItems", "object": "maxProperties"}


def constrain(schema: Schema, metadata: Iterable[Any]) -> None:
    """Add to `schema` what one field's or type's metadata says about its value."""
    for item in metadata:
        merge(schema, constraint(item, schema.get("type", "")))


@singledispatch
def constraint(item: object, kind: str) -> Schema:
    """What one piece of metadata adds to a schema of type `kind`; nothing for what is not about the value."""
    del kind
    pattern = getattr(item, "pattern", None)
    return {"pattern": pattern} if pattern else {}


@constraint.register
def _(item: FieldInfo, kind: str) -> Schema:
    added: Schema = {}
    for inner in item.metadata:
        merge(added, constraint(inner, kind))
    if isinstance(item.json_schema_extra, Mapping):
        merge(added, item.json_schema_extra)
    if item.description:
        added["description"] = item.description
    return added


@constraint.register
def _(item: Ge, kind: str) -> Schema:
    """The API server cuts a bound to a whole number when the value is written as one: 0 would pass a minimum of 0.5."""
    least: Any = item.ge
    if kind != "number" or float(least).is_integer():
        return {"minimum": least}
    rule = Rule(f"self >= {least}", f"should be greater than or equal to {least}")
    return {"minimum": least, RULES: [rule_schema(rule)]}


@constraint.register
def _(item: Le, kind: str) -> Schema:
    del kind
    return {"maximum": item.le}


@constraint.register
def _(item: MinLen, kind: str) -> Schema:
    return {_MIN_KEYWORD[kind]: item.min_length}


@constraint.register
def _(item: MaxLen, kind: str) -> Schema:
    return {_MAX_KEYWORD[kind]: item.max_length}


@constraint.register
def _(item: MapList, kind: str) -> Schema:
    del kind
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [item.key]}


@constraint.register
def _(item: Opaque, kind: str) -> Schema:
    del item, kind
    return {"x-kubernetes-preserve-unknown-fields": True}


@constraint.register
def _(item: Rule, kind: str) -> Schema:
    del kind
    return {RULES: [rule_schema(item)]}


def rule_schema(rule: Rule) -> Schema:
    """`rule` as the API server reads it."""
    written: Schema = {"rule": rule.rule, "message": rule.message}
    if rule.expression:
        written["messageExpression"] = rule.expression
    if rule.at:
        written["fieldPath"] = rule.at
    if rule.reason != "FieldValueInvalid":
        written["reason"] = rule.reason
    return written


def field_rules(name: str, path: str, field: FieldInfo) -> list[Schema]:
    """Rules that the field's markers put on the object around it, where `has` can be asked."""
    rules = []
    if owners := tuple(item.provider for item in field.metadata if isinstance(item, Setting)):
        rules.append(rule_schema(_only(name, Only(owners))))
    for item in field.metadata:
        if isinstance(item, Only):
            rules.append(rule_schema(_only(name, item)))
        elif isinstance(item, NotBuilt):
            rules.append(rule_schema(_not_built(name, path, item)))
    return rules


def _only(name: str, marker: Only) -> Rule:
    whose = " and ".join(marker.providers)
    return Rule(
        f"!has(self.{name}) || self.provider in [{', '.join(map(repr, marker.providers))}]",
        f"{name} is a setting of {whose}: remove it, or change the provider",
        at=f".{name}",
        reason="FieldValueForbidden",
    )


def _not_built(name: str, path: str, marker: NotBuilt) -> Rule:
    refused = f"is not built yet; {marker.instead}"
    if not marker.values:
        return Rule(f"!has(self.{name})", f"{path} {refused}", at=f".{name}", reason="FieldValueForbidden")
    if True in marker.values:
        rule, expression = f"!has(self.{name}) || !self.{name}", ""
    else:
        rule = f"!(self.{name} in [{', '.join(map(repr, marker.values))}])"
        expression = f"'{path}: ' + self.{name} + ' {refused}'"
    return Rule(rule, f"{path}: true {refused}", expression, at=f".{name}", reason="FieldValueForbidden")


def merge(schema: Schema, extra: Mapping[str, Any]) -> None:
    """Lay `extra` over `schema`; rules add up."""
    for key, value in extra.items():
        schema[key] = [*schema.get(RULES, []), *value] if key == RULES else value
