"""Golden calls: scripted callers, and what is expected of the answers. Written in YAML, one call per ConfigMap key."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from understudy.base.duration import parse_ms
from understudy.base.errors import InvalidInput

MAX_CALLS = 50
"""Golden calls of a replay: at half a minute each and a few at a time they take some six minutes."""

MAX_GOLDEN_TURNS = 30
"""Turns of a golden call; what is longer tests more than one thing."""


class _Written(BaseModel):
    """Frozen, camelCase outside.

    Unknown fields are dropped in routing documents, so that an older proxy can read a newer operator's. Where users
    write them, in `GoldenCall.parse`, they are refused: a misspelt expectation must not pass as none.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class Expectation(_Written):
    """What has to hold of the answer to one turn; everything given must."""

    contains: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """Words or phrases that are in it, whatever their case."""
    not_contains: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """That are not."""
    matches: Annotated[str, Field(max_length=500)] | None = None
    """A regular expression (Python's `re`, searched, case ignored)."""
    tools: Annotated[tuple[str, ...], Field(max_length=20)] | None = None
    """Names of the tools it calls, in order; `[]`: none. Absent: any."""
    within: str | None = None
    """Longest time from the caller's last audible frame to the answer's first, such as `1500ms`."""

    @field_validator("matches")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        return value

    @field_validator("within")
    @classmethod
    def _is_duration(cls, value: str | None) -> str | None:
        if value is not None:
            parse_ms(value)
        return value


class GoldenTurn(_Written):
    """The caller says something and expects something."""

    say: Annotated[str, Field(min_length=1, max_length=1000)]
    """Spoken by the revision's own first voice, heard by its transcribers."""
    expect: Expectation = Expectation()


class GoldenCall(_Written):
    """One scripted call."""

    name: str = ""
    """Its key in the ConfigMap."""
    greeting: Expectation = Expectation()
    """Of what the assistant says first."""
    turns: Annotated[tuple[GoldenTurn, ...], Field(min_length=1, max_length=MAX_GOLDEN_TURNS)]
    tools: Mapping[str, Any] = Field(default_factory=dict)
    """What each tool answers, as JSON: no webhook is called. A tool that is not listed answers `{}`."""

    @field_validator("tools")
    @classmethod
    def _is_json(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"not JSON (put dates and the like in quotes): {error}") from error
        return value

    @classmethod
    def parse(cls, name: str, text: str) -> Self:
        """The call that `text` describes.

        Raises:
            InvalidInput: it describes none; names the field.
        """
        try:
            written = _read(text)
            named = {**written, "name": name} if isinstance(written, dict) else written
            return cls.model_validate(named, extra="forbid")
        except (yaml.YAMLError, RecursionError) as error:
            raise InvalidInput(name, f"no YAML: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            path = ".".join([name, *(str(part) for part in first["loc"])])
            raise InvalidInput(path, str(first["msg"])) from error


def _read(text: str) -> Any:
    """What `text` says in YAML, without aliases: a few of them can stand for more than fits into memory.

    Raises:
        yaml.YAMLError: it is none, or has an alias.
    """
    if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
        raise yaml.YAMLError("it has an alias (*name): write out what it stands for")
    return yaml.safe_load(text)


def parse_calls(data: Mapping[str, str]) -> tuple[GoldenCall, ...]:
    """The golden calls of a ConfigMap's `data`, by key.

    Raises:
        InvalidInput: there is none, there are too many, or one is not understood.
    """
    if not 0 < len(data) <= MAX_CALLS:
        raise InvalidInput("data", f"{len(data)} golden calls; write 1 to {MAX_CALLS}, each under a key of its own")
    return tuple(GoldenCall.parse(name, text) for name, text in sorted(data.items()))
