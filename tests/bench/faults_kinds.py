"""The faults of the wall: how a deployment is broken, and what the agent itself does wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

BREAKS_AT = (12, 2, 20)
"""Tokens after which the faulty deployments stall or break, one each: in mid-sentence, before the first clause is
complete, in mid-sentence later."""

Faults = Callable[[int], list[dict[str, Any]]]


@dataclass(frozen=True)
class Habit:
    """How the agent reads."""

    slow: bool = False
    """Small buffers, and a pause in the middle."""


@dataclass(frozen=True)
class Kind:
    """One fault.

    Attributes:
        faults: what the script says of the faulty deployment with that number, from 0.
        address: which broken address stands in for a faulty deployment's, `tls` or `dns`; empty: its own.
        habit: of the agent.
    """

    faults: Faults = lambda _: []
    address: str = ""
    habit: Habit = Habit()


def _always(kind: str, **more: Any) -> Faults:
    return lambda _: [{"kind": kind, **more}]


def _at(kind: str) -> Faults:
    return lambda number: [{"kind": kind, "at": BREAKS_AT[number % len(BREAKS_AT)]}]


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "hang": Kind(_always("hang")),
        "headers_then_hang": Kind(_always("headers-hang")),
        "keep_alive_only": Kind(_always("keep-alive")),
        "role_only_then_hang": Kind(_always("role-only")),
        "stall": Kind(_at("stall")),
        "cut": Kind(_at("cut")),
        "malformed_chunk": Kind(_at("malformed")),
        "slow_reader": Kind(habit=Habit(slow=True)),
        "rate_limited": Kind(_always("status", status=429, retryAfterS=5)),
        "server_errors": Kind(lambda number: [{"kind": "status", "status": (500, 502, 503)[number % 3]}]),
        "tls": Kind(address="tls"),
        "dns": Kind(address="dns"),
        "connection_reset": Kind(lambda number: [{"kind": ("reset", "refuse", "reset")[number % 3]}]),
    }
)
"""In the order of the issue; every name is a key of the result."""
