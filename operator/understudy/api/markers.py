"""What a field says to the API server beyond its type: rules, what is not built yet, how a list merges.

Put into `Annotated[…]`; `api/schema.py` turns them into the CRD. They do nothing when a document is parsed: the API
server has checked it by then.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Reason = Literal["FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A CEL rule on a field's value, or on a whole object when listed in its class's `rules`.

    Attributes:
        rule: CEL over `self`; true means accepted.
        message: what is wrong and what to write instead. Also the fallback when `expression` cannot be evaluated.
        expression: CEL that builds the message where it has to quote the value.
        at: the field the error points to, relative to the object, such as `.account`. Empty: the object itself.
        reason: `FieldValueInvalid` makes the API server print the value too.
    """

    rule: str
    message: str
    expression: str = ""
    at: str = ""
    reason: Reason = "FieldValueInvalid"


@dataclass(frozen=True, slots=True)
class NotBuilt:
    """The field, or some of its values, has no behaviour yet and is refused rather than ignored.

    Attributes:
        instead: what to do instead, as an imperative without a full stop.
        values: the values refused; empty refuses the field altogether.
    """

    instead: str
    values: tuple[str | bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Only:
    """The field is a setting of these providers only; the object has a sibling field `provider`."""

    providers: tuple[str, ...]


class Effect(StrEnum):
    """Where a provider's setting has its effect (T3). There is no fourth: nothing is accepted and ignored."""

    WIRE = "wire"
    """It is sent to the provider under the provider's name for it."""
    MAPPED = "mapped"
    """The provider has taken it back; what came in its place is sent."""
    PROXY = "proxy"
    """The provider has no such thing; the routing-proxy does it with what the provider sends."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The field is a setting of `provider`; a field shared by several has one marker for each.

    Attributes:
        provider: whose it is; the object has a sibling field `provider`.
        effect: where it has its effect.
        seen_as: `wire`, `mapped`: the provider's name for what is sent; `proxy`: what the proxy does.
        default: what holds when it is absent, in words or as a value.
        condition: when it may be given at all; empty: always.
    """

    provider: str
    effect: Effect
    seen_as: str
    default: str = "the provider's"
    condition: str = ""


@dataclass(frozen=True, slots=True)
class MapList:
    """The list's entries have names: they merge by `key` and a name appears once."""

    key: str = "name"


@dataclass(frozen=True, slots=True)
class Opaque:
    """Any JSON object, kept as written: its schema belongs to somebody else."""
