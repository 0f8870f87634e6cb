"""LiteLLM's proxy server, configured as its documentation recommends for reliability and production.

- `routing_strategy: latency-based-routing` with a `lowest_latency_buffer` (docs, "Routing"): the fastest few share.
- `num_retries: 3`, `timeout` and `stream_timeout` for each deployment, `allowed_fails: 3`, `cooldown_time: 30`
  ("Reliability", its own example values): with four deployments, each can be tried, without a pause in between.
- `fallbacks`: when a model group has failed, each of its deployments is asked once more, in order, as a group of its
  own without retries, whose pauses would take seconds ("Fallbacks"). That is also where a stream goes that broke before
  any content; one that broke later ends with an error, whatever is configured (`Router.stream_with_fallbacks`).
- `set_verbose: false`, `LITELLM_LOG=ERROR`, `LITELLM_MODE=PRODUCTION`, no database, one worker for one core
  ("Best practices for production").

The timeouts are the caller's choice: half a voice turn's budget is the longest that leaves time for a second try.
"""

import json
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.peers.install import REQUIREMENTS, installed, run
from tests.bench.peers.peer import Peer, Pools, Upstream
from tests.bench.peers.process import serving
from tests.bench.proxy_process import free_port

LOCK = REQUIREMENTS / "litellm.lock"
NO_TIMEOUT_S = 600.0
BACKUP = "-backup-"
RETRIES = 3

ENVIRONMENT = {
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # nothing is fetched at the start
    "LITELLM_TELEMETRY": "False",
    "NO_PROXY": "*",
}
KEY = f"sk-{secrets.token_hex(16)}"
"""The proxy refuses to start without a master key."""


def configuration(pools: Pools, timeout_s: float | None) -> dict[str, Any]:
    """The `config.yaml`."""
    backups = {name: {f"{name}{BACKUP}{n}": [each] for n, each in enumerate(list_)} for name, list_ in pools.items()}
    groups = {**pools, **{group: one for each in backups.values() for group, one in each.items()}}
    return {
        "model_list": [
            _deployment(group, each, timeout_s, retries=RETRIES if group in pools else 0)
            for group, list_ in groups.items()
            for each in list_
        ],
        "router_settings": {
            "routing_strategy": "latency-based-routing",
            "routing_strategy_args": {"ttl": 3600, "lowest_latency_buffer": 0.5},
            "num_retries": RETRIES,
            "allowed_fails": 3,
            "cooldown_time": 30,
            "fallbacks": [{name: list(each)} for name, each in backups.items()],
        },
        "litellm_settings": {"set_verbose": False, "json_logs": True, "telemetry": False},
        "general_settings": {"master_key": KEY},
    }


@asynccontextmanager
async def running(pools: Pools, timeout_s: float | None) -> AsyncIterator[Peer]:
    """Run it until the block ends.

    Raises:
        PeerUnavailable: it cannot be installed or does not start.
    """
    folder = installed("litellm", [LOCK], _build)
    port = free_port()
    with TemporaryDirectory(prefix="understudy-litellm-") as place:
        config = Path(place) / "config.yaml"
        config.write_text(json.dumps(configuration(pools, timeout_s)))  # JSON is YAML
        command = [str(folder / "bin/litellm"), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        health = f"http://127.0.0.1:{port}/health/liveliness"
        async with serving([*command, "--num_workers", "1"], health, ENVIRONMENT) as pid:
            yield Peer(
                f"http://127.0.0.1:{port}/v1",
                pid,
                version(),
                {name: {"Authorization": f"Bearer {KEY}"} for name in pools},
            )


def version() -> str:
    """What the lock pins."""
    return next(line for line in LOCK.read_text().splitlines() if line.startswith("litellm==")).split()[0][9:]


def _deployment(group: str, upstream: Upstream, timeout_s: float | None, *, retries: int) -> dict[str, Any]:
    parameters = {
        "model": f"openai/{upstream.model}",
        "api_base": upstream.base_url,
        "api_key": upstream.key,
        "timeout": timeout_s or NO_TIMEOUT_S,
        "stream_timeout": timeout_s or NO_TIMEOUT_S,
        "max_retries": 0,
        "num_retries": retries,
    }
    return {"model_name": group, "litellm_params": parameters, "model_info": {"id": f"{group}/{upstream.name}"}}


def _build(folder: Path) -> None:
    run([sys.executable, "-m", "venv", str(folder)], folder)
    pip = [str(folder / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    run([*pip, "--require-hashes", "--no-deps", "-r", str(LOCK)], folder)
