"""The base of what users write, and the small types they share."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from understudy.api.markers import Rule
from understudy.base.duration import PATTERN, parse_ms

NAME_LENGTH = 63
"""Longest name: a DNS label, because names end up in labels and paths."""

URL_LENGTH = 512
"""Longest URL: ours are a host and a short path; CEL's cost limit wants a bound."""

DURATION_LENGTH = 16
"""Longest duration text: `1h30m20s999ms` has 13 characters."""


class ApiModel(BaseModel):
    """Base of the API's objects: frozen, camelCase outside; the docstring under a field is its description.

    Unknown fields are dropped: the API server has refused them already unless the CRD is newer than this program.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )
    rules: ClassVar[tuple[Rule, ...]] = ()
    """CEL rules over the whole object."""


Name = Annotated[
    str,
    Field(min_length=1, max_length=NAME_LENGTH),
    Rule(
        "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
        "a name has lower-case letters, digits and '-', and starts and ends with a letter or digit",
    ),
]

Identifier = Annotated[str, Field(min_length=1, max_length=128)]
"""A name the provider defines: a model, a voice, a deployment."""

HttpUrl = Annotated[
    str,
    Field(min_length=1, max_length=URL_LENGTH),
    Rule(
        "isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != '' "
        "&& !self.contains('#') && !self.contains('@')",
        "write an absolute http:// or https:// URL without user or fragment, such as https://example.com/hook",
    ),
]

BaseUrl = Annotated[
    str,
    Field(min_length=1, max_length=URL_LENGTH),
    Rule(
        "isURL(self) && url(self).getScheme() in ['http', 'https', 'ws', 'wss'] && url(self).getHostname() != '' "
        "&& !self.contains('?') && !self.contains('#') && !self.contains('@')",
        "write an absolute URL without user, query or fragment, such as https://example.com/v1",
    ),
]


Sentence = Annotated[str, Field(min_length=1, max_length=1024)]
"""Something said to the caller."""


def duration_between(shortest: str, longest: str, example: str) -> Rule:
    """The rule of a duration field: well formed and between two durations, in one message."""
    return Rule(
        f"self.matches('{PATTERN}') && duration(self) >= duration('{shortest}') "
        f"&& duration(self) <= duration('{longest}')",
        f"write a duration from {shortest} to {longest} in whole numbers with units, such as {example}",
    )


DurationText = Annotated[str, Field(min_length=1, max_length=DURATION_LENGTH)]
"""A duration such as `800ms`, `5s` or `1h30m`; every field adds its own `duration_between`."""


def milliseconds(text: str) -> int:
    """Milliseconds in a duration the API server has accepted.

    Raises:
        ValueError: it is no duration after all.
    """
    return parse_ms(text)


class LocalRef(ApiModel):
    """An object in the assistant's own namespace."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    """The object's name."""


class ConfigMapKeyRef(ApiModel):
    """One key of a ConfigMap in the assistant's own namespace."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    """The ConfigMap's name."""
    key: Annotated[str, Field(min_length=1, max_length=253)]
    """The key whose value is read."""
