"""Models with a value in every field, for finding out what gets lost on the way."""

import enum
import types
import typing
from typing import Any, TypeVar

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)

_PLAIN: dict[Any, Any] = {str: "x", int: 7, float: 0.5, bool: True}


def filled(model: type[Model]) -> Model:
    """An instance of `model` with a value in every field, however deep."""
    return model.model_validate({name: _value(field.annotation) for name, field in model.model_fields.items()})


def _value(annotation: Any) -> Any:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _value(next(each for each in arguments if each is not type(None)))
    if origin is typing.Annotated:
        return _value(arguments[0])
    if origin is tuple:
        return [_value(arguments[0])]
    return arguments[0] if origin is typing.Literal else _of_class(annotation)


def _of_class(annotation: Any) -> Any:
    if issubclass(annotation, enum.Enum):
        return next(iter(annotation))
    return filled(annotation) if issubclass(annotation, BaseModel) else _PLAIN[annotation]
