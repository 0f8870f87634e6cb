"""Portkey's gateway (the open-source one, on Node), configured as its documentation recommends for reliability.

Each request carries its configuration (`x-portkey-config`), as Portkey's is: `strategy: fallback` over the
deployments in order, each with `request_timeout` ("Fallbacks", "Request timeouts"). `fallback` rather than
`loadbalance`, because the latter gives a failed request to no second target. `retry` is left out: its backoff is a
second and more, and the next target is there at once. A timed-out request answers 408 and falls back; the timeout
covers the time to the headers. One Node process, for one core.

`@hono/node-server` is held at the last version with which the gateway streams: newer ones, which npm would install,
answer every stream with 500 (`TypeError: immutable`, Portkey-AI/gateway issue 1389).
"""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.bench.peers.install import REQUIREMENTS, installed, program, run
from tests.bench.peers.peer import Peer, Pools, Upstream
from tests.bench.peers.process import serving
from tests.bench.proxy_process import free_port

LOCKS = [REQUIREMENTS / "portkey/package.json", REQUIREMENTS / "portkey/package-lock.json"]
PACKAGE = "node_modules/@portkey-ai/gateway"


def configuration(upstreams: "list[Upstream]", timeout_s: float | None) -> dict[str, Any]:
    """The `x-portkey-config` of a pool."""
    return {"strategy": {"mode": "fallback"}, "targets": [_target(each, timeout_s) for each in upstreams]}


@asynccontextmanager
async def running(pools: Pools, timeout_s: float | None) -> AsyncIterator[Peer]:
    """Run it until the block ends.

    Raises:
        PeerUnavailable: Node is missing, or it cannot be installed or does not start.
    """
    node = program("node", "nodejs npm")
    folder = installed("portkey", LOCKS, _build)
    port = free_port()
    command = [node, str(folder / PACKAGE / "build/start-server.js"), "--headless", f"--port={port}"]
    by_pool = {
        name: {
            "x-portkey-provider": "openai",
            "x-portkey-config": json.dumps(configuration(list(upstreams), timeout_s), separators=(",", ":")),
        }
        for name, upstreams in pools.items()
    }
    async with serving(command, f"http://127.0.0.1:{port}/", {"NODE_ENV": "production", "NO_PROXY": "*"}) as pid:
        yield Peer(f"http://127.0.0.1:{port}/v1", pid, version(), by_pool)


def version() -> str:
    """What the lock pins."""
    pinned: str = json.loads(LOCKS[0].read_text())["dependencies"]["@portkey-ai/gateway"]
    return pinned


def _target(upstream: Upstream, timeout_s: float | None) -> dict[str, Any]:
    target = {
        "provider": "openai",
        "custom_host": upstream.base_url,
        "api_key": upstream.key,
        "override_params": {"model": upstream.model},
    }
    if timeout_s is None:
        return target
    return {**target, "request_timeout": int(timeout_s * 1000)}


def _build(folder: Path) -> None:
    npm = program("npm", "nodejs npm")
    for lock in LOCKS:
        shutil.copy(lock, folder)
    run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"], folder)
