"""Whether an object has to be written: a plan that changes nothing writes nothing.

Two questions, because neither is enough. The annotation holds the digest of what we last applied, so that a field we
no longer want is noticed. The comparison with the live object notices what others changed.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from understudy.base.digest import short_digest
from understudy.domain.naming import GROUP

APPLIED = f"{GROUP}/applied"
"""Annotation: digest of the object as we last wrote it."""

_SUFFIXES = {"m": Decimal("0.001"), "k": Decimal(10) ** 3, "M": Decimal(10) ** 6, "G": Decimal(10) ** 9}
_SUFFIXES |= {"Ki": Decimal(2) ** 10, "Mi": Decimal(2) ** 20, "Gi": Decimal(2) ** 30}


def stamped(desired: dict[str, Any]) -> dict[str, Any]:
    """`desired` with the annotation that names its content."""
    metadata = desired["metadata"]
    content = {**desired, "metadata": {**metadata, "resourceVersion": None}}
    annotations = {**metadata.get("annotations", {}), APPLIED: short_digest(content)}
    return {**desired, "metadata": {**metadata, "annotations": annotations}}


def needs_write(desired: dict[str, Any], live: dict[str, Any] | None) -> bool:
    """Whether `live` has to be written to become `desired` (already stamped)."""
    if live is None:
        return True
    metadata = {key: value for key, value in desired["metadata"].items() if key != "resourceVersion"}
    return not contains(live, {**desired, "metadata": metadata})


def contains(live: Any, desired: Any) -> bool:
    """Whether everything `desired` says holds in `live`, which may say more (defaults, other people's fields)."""
    if isinstance(desired, dict):
        return isinstance(live, dict) and all(_holds(live, key, value) for key, value in desired.items())
    if isinstance(desired, list):
        return isinstance(live, list) and _list_contains(live, desired)
    return bool(live == desired) or _same_quantity(live, desired)


def _holds(live: dict[str, Any], key: str, value: Any) -> bool:
    if value in (None, [], {}, "", False):  # the API server drops empty values
        return live.get(key) in (None, value)
    return key in live and contains(live[key], value)


def _list_contains(live: list[Any], desired: list[Any]) -> bool:
    if desired and all(isinstance(item, dict) and "name" in item for item in desired):
        named = {item.get("name"): item for item in live if isinstance(item, dict)}
        return all(item["name"] in named and contains(named[item["name"]], item) for item in desired)
    return len(live) == len(desired) and all(map(contains, live, desired))


def _same_quantity(live: Any, desired: Any) -> bool:
    if not isinstance(live, str | int) or not isinstance(desired, str | int):
        return False
    left, right = _quantity(str(live)), _quantity(str(desired))
    return left is not None and left == right


def _quantity(text: str) -> Decimal | None:
    """`text` as a Kubernetes quantity: 1500m is 1.5, 1Gi is 2^30."""
    suffix = next((each for each in ("Ki", "Mi", "Gi", "m", "k", "M", "G") if text.endswith(each)), "")
    try:
        return Decimal(text.removesuffix(suffix)) * _SUFFIXES.get(suffix, Decimal(1))
    except InvalidOperation:
        return None
