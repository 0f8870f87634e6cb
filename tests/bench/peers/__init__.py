"""The peers we are measured against, as child processes on loopback: LiteLLM's proxy and Portkey's gateway.

    pools = {"desk": [Upstream("a", "http://127.0.0.1:4000/a/v1", "key", "maitre"), …]}
    async with peers.running("litellm", pools) as peer:
        POST f"{peer.url}/chat/completions", headers=peer.headers("desk"), body {"model": "desk", …}

Both are pinned with hashes (`tests/bench/requirements`), installed once outside the repository, and configured as
their own documentation recommends for reliability; what that means is in `litellm.py` and `portkey.py`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.bench.peers import litellm, portkey
from tests.bench.peers.peer import Peer, PeerUnavailable, Pools, Upstream

__all__ = ["KINDS", "Peer", "PeerUnavailable", "Pools", "Upstream", "running"]

KINDS = ("litellm", "portkey")


@asynccontextmanager
async def running(kind: str, pools: Pools, *, timeout_s: float | None = None) -> AsyncIterator[Peer]:
    """Run the peer of that kind in front of `pools` until the block ends.

    Args:
        kind: one of `KINDS`.
        pools: upstreams by the model name that clients ask for.
        timeout_s: longest wait for an upstream's answer before the next is tried; None: 10 minutes, no failover.

    Raises:
        PeerUnavailable: it cannot be installed or does not start; the message says what is missing.
    """
    start = {"litellm": litellm.running, "portkey": portkey.running}[kind]
    async with start(pools, timeout_s) as peer:
        yield peer
