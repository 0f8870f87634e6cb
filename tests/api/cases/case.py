"""One manifest and what is to become of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.api.manifests import Manifest, assistant, plan


@dataclass(frozen=True)
class Case:
    """A manifest and the complaints it must draw.

    Attributes:
        name: unique; what the test is called.
        manifest: what is applied.
        complaints: field and a part of the message, each of which must come; none: the manifest is accepted.
        silent: fields about which nothing may be said, in a manifest that is refused for something else.
    """

    name: str
    manifest: Manifest
    complaints: tuple[tuple[str, str], ...] = ()
    silent: tuple[str, ...] = ()


def refused(name: str, changes: Mapping[str, Any], *complaints: tuple[str, str]) -> Case:
    """An assistant that is refused."""
    return Case(f"refused: {name}", assistant(changes), complaints)


def accepted(name: str, changes: Mapping[str, Any]) -> Case:
    """An assistant that is accepted."""
    return Case(f"accepted: {name}", assistant(changes))


def plan_refused(name: str, changes: Mapping[str, Any], *complaints: tuple[str, str]) -> Case:
    """A plan that is refused."""
    return Case(f"refused: plan: {name}", plan(changes), complaints)


def plan_accepted(name: str, changes: Mapping[str, Any]) -> Case:
    """A plan that is accepted."""
    return Case(f"accepted: plan: {name}", plan(changes))
