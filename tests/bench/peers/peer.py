"""What every peer is: an OpenAI-compatible server in front of upstreams."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class PeerUnavailable(Exception):
    """The peer cannot be had on this machine; the message says why, and what to do."""


@dataclass(frozen=True)
class Upstream:
    """One deployment behind the peer.

    Attributes:
        name: unique among all upstreams.
        base_url: of its OpenAI-compatible API, with the version, without a trailing slash.
        model: its model's name there.
    """

    name: str
    base_url: str
    key: str = "none"
    model: str = "maitre"


Pools = Mapping[str, Sequence[Upstream]]
"""Upstreams by the model name that clients ask for."""


@dataclass(frozen=True)
class Peer:
    """A running peer.

    Attributes:
        url: base URL for clients, with the version, without a trailing slash.
        pid: of its one process.
        version: of the package.
    """

    url: str
    pid: int
    version: str
    by_pool: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def headers(self, pool: str) -> dict[str, str]:
        """Headers of a request for `pool`."""
        return {"Authorization": "Bearer none", **self.by_pool.get(pool, {})}
