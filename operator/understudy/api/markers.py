"""What a field says to the API server beyond its type: rules, what is not built yet, how a list merges.

Put into `Annotated[…]`; `api/schema.py` turns them into the CRD. They do nothing when a document is parsed: the API
server has checked it by then.
"""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class MapList:
    """The list's entries have names: they merge by `key` and a name appears once."""

    key: str = "name"


@dataclass(frozen=True, slots=True)
class Opaque:
    """Any JSON object, kept as written: its schema belongs to somebody else."""
