"""Our models as structural schemas, the subset of OpenAPI that the API server accepts in a CRD.

Written from the models' fields, not from pydantic's JSON Schema: that one has `$ref`, `anyOf: [..., null]`, titles and
`prefixItems`, which structural schemas refuse or ignore.
"""

import enum
import types
from collections.abc import Mapping
from inspect import cleandoc
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from understudy.api.schema_rules import RULES, Schema, constrain, field_rules, merge, rule_schema

_SCALARS: dict[type, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
}


def object_schema(model: type[BaseModel], path: str, *, defaults: bool = True) -> Schema:
    """The schema of `model`.

    Args:
        model: the class.
        path: where it stands, such as `spec.voice`; quoted in messages.
        defaults: whether the API server fills in defaults. Not in a status: an empty one would not stay empty.

    Raises:
        TypeError: a field has a type that a structural schema cannot say.
    """
    schema: Schema = {"type": "object", "description": prose(model.__doc__)}
    properties: dict[str, Schema] = {}
    required: list[str] = []
    rules = [rule_schema(rule) for rule in getattr(model, "rules", ())]
    for field_name, field in model.model_fields.items():
        name = field.alias or field_name
        properties[name] = _field_schema(field, f"{path}.{name}", defaults=defaults)
        rules += field_rules(name, f"{path}.{name}", field)
        if field.is_required():
            required.append(name)
    schema["properties"] = properties
    if required:
        schema["required"] = required
    extra = model.model_config.get("json_schema_extra")
    if isinstance(extra, Mapping):
        merge(schema, extra)
    if rules:
        merge(schema, {RULES: rules})
    return schema


def prose(text: str | None) -> str:
    """A docstring as one paragraph a line, so that `kubectl explain` can wrap it."""
    paragraphs = cleandoc(text or "").split("\n\n")
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs).replace("``", "").replace("`", "")


def _field_schema(field: FieldInfo, path: str, *, defaults: bool) -> Schema:
    schema = _type_schema(field.annotation, path, defaults=defaults)
    constrain(schema, field.metadata)
    if field.description:
        schema["description"] = prose(field.description)
    if isinstance(field.json_schema_extra, Mapping):
        merge(schema, field.json_schema_extra)
    default = _plain_default(field)
    if defaults and default is not None:
        schema["default"] = default
    return schema


def _plain_default(field: FieldInfo) -> Any:
    """A scalar default; objects and lists stay absent, because absent and empty differ for a reader."""
    default = field.default
    if isinstance(default, enum.Enum):
        return default.value
    if isinstance(default, str):
        return default or None
    return default if isinstance(default, bool | int | float) else None


def _type_schema(annotation: Any, path: str, *, defaults: bool) -> Schema:
    if isinstance(annotation, type):
        return _class_schema(annotation, path, defaults=defaults)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        schema = _type_schema(arguments[0], path, defaults=defaults)
        constrain(schema, arguments[1:])
        return schema
    if origin in (Union, types.UnionType):
        return _union_schema(arguments, path, defaults=defaults)
    if origin in (tuple, list):
        items = _type_schema(arguments[0], f"{path}[]", defaults=defaults)
        return {"type": "array", "items": items, "x-kubernetes-list-type": "atomic"}
    return _map_schema(arguments[1], path) if origin is dict else _literal_schema(annotation, path)


def _literal_schema(annotation: Any, path: str) -> Schema:
    if get_origin(annotation) is not Literal:
        raise TypeError(f"{path}: a structural schema cannot say {annotation!r}")
    return {"type": "string", "enum": list(get_args(annotation))}


def _class_schema(kind: type, path: str, *, defaults: bool) -> Schema:
    if issubclass(kind, BaseModel):
        return object_schema(kind, path, defaults=defaults)
    if issubclass(kind, enum.StrEnum):
        return {"type": "string", "enum": [member.value for member in kind]}
    if kind not in _SCALARS:
        raise TypeError(f"{path}: a structural schema cannot say {kind!r}")
    return dict(_SCALARS[kind])


def _union_schema(arguments: tuple[Any, ...], path: str, *, defaults: bool) -> Schema:
    """`X | None` is X that may be absent; `int | str` is Kubernetes' int-or-string."""
    kinds = [kind for kind in arguments if kind is not type(None)]
    if kinds == [int, str]:
        return {"x-kubernetes-int-or-string": True}
    if len(kinds) != 1:
        raise TypeError(f"{path}: a structural schema cannot say a union of {kinds!r}")
    return _type_schema(kinds[0], path, defaults=defaults)


def _map_schema(value: Any, path: str) -> Schema:
    if value is Any:
        return {"type": "object"}
    return {"type": "object", "additionalProperties": _type_schema(value, f"{path}.*", defaults=False)}
