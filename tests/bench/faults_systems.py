"""The systems side by side: each in front of pools of its own, so that none learns from another's turns."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tests.bench import faults_calls, peers
from tests.bench.faults_agent import Ask
from tests.bench.lines import Lines
from tests.bench.peers import Pools

NAMES = ("understudy", *peers.KINDS)

TIMEOUT_S = 0.6
"""What the peers wait for a deployment: half the turn's budget, so that there is time for another. Understudy is not
told; its own default is to learn it."""

Caller = Callable[[str], AbstractAsyncContextManager[Ask]]
"""Places a call that wants answers of a pool."""


@asynccontextmanager
async def running(name: str, pools: Pools) -> AsyncIterator[Caller]:
    """Run a system until the block ends.

    Raises:
        PeerUnavailable: it cannot be had on this machine.
    """
    if name != "understudy":
        async with peers.running(name, pools, timeout_s=TIMEOUT_S) as peer:
            yield lambda pool: _plain(Ask(peer.url, peer.headers(pool), pool))
        return
    async with faults_calls.running(pools) as (url, lines):
        yield lambda pool: _call(url, lines, pool)


@asynccontextmanager
async def _plain(ask: Ask) -> AsyncIterator[Ask]:
    yield ask


@asynccontextmanager
async def _call(url: str, lines: Lines, pool: str) -> AsyncIterator[Ask]:
    async with lines.call(pool) as line:
        yield Ask(url, {"Authorization": f"Bearer {line.token}"}, pool)
