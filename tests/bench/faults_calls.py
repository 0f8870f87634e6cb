"""The real routing-proxy with one assistant for each pool, and real calls through it, whose tokens the agent uses."""

import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from tests.bench.lines import NAMESPACE, Lines, agents
from tests.bench.peers import Pools, Upstream
from tests.bench.peers.process import serving
from tests.bench.proxy_process import free_port
from understudy.base.digest import short_digest
from understudy.domain import naming
from understudy.domain.revision.snapshot import Account, Agent, Model, ModelTarget, Snapshot
from understudy.domain.routing.document import KEY, RevisionRef, RoutingDocument

SECRET = "provider"


def snapshot(upstreams: Sequence[Upstream]) -> Snapshot:
    """A revision whose model pool is `upstreams`; every setting of the pool has its default."""
    accounts = {
        each.name: Account(name=each.name, provider="openai", base_url=each.base_url, secret=SECRET, default_host=False)
        for each in upstreams
    }
    targets = tuple(ModelTarget(name=each.name, account=each.name, model=each.model) for each in upstreams)
    model = Model(targets=targets, system_prompt="You are brief.")
    return Snapshot(accounts=accounts, model=model, transcribers=(), voices=(), agent=Agent(image="none"))


@asynccontextmanager
async def running(pools: Pools) -> AsyncIterator[tuple[str, Lines]]:
    """Run the proxy until the block ends; gives its API's base URL and the lines into it."""
    port, admin = free_port(), free_port()
    async with aiohttp.ClientSession() as session:
        lines = Lines(session, port)
        async with agents(lines) as pods:
            with TemporaryDirectory(prefix="understudy-faults-") as place:
                _write(Path(place), pools, pods)
                environment = _environment(Path(place), pools, port, admin)
                command = [sys.executable, "-m", "understudy", "proxy", "--documents", f"{place}/documents"]
                async with serving(command, f"http://127.0.0.1:{admin}/readyz", environment):
                    yield f"http://127.0.0.1:{port}/v1", lines


def _environment(root: Path, pools: Pools, port: int, admin: int) -> dict[str, str]:
    (root / "state").mkdir()
    return {
        "UNDERSTUDY_ASSISTANTS": ",".join(f"{NAMESPACE}/{name}" for name in pools),
        "UNDERSTUDY_PORT": str(port),
        "UNDERSTUDY_ADMIN_PORT": str(admin),
        "UNDERSTUDY_STATE_DIR": str(root / "state"),
        "UNDERSTUDY_CREDENTIALS_DIR": str(root / "credentials"),
        "POD_IP": "127.0.0.1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


def _write(root: Path, pools: Mapping[str, Sequence[Upstream]], agents: str) -> None:
    secret = root / "credentials" / NAMESPACE / SECRET
    secret.mkdir(parents=True)
    (secret / naming.SECRET_KEY).write_text("none")
    (secret / naming.SECRET_ALLOWED_HOSTS).write_text("127.0.0.1,*.example")
    for name, upstreams in pools.items():
        home = root / "documents" / NAMESPACE / name
        (home / "revisions").mkdir(parents=True)
        revision = snapshot(upstreams)
        stable = RevisionRef(name=short_digest(revision.to_json()), object_name=f"{name}-1", agent_service=agents)
        (home / "revisions" / f"{stable.object_name}.json").write_text(json.dumps(revision.to_json()))
        document = RoutingDocument(namespace=NAMESPACE, assistant=name, generation=1, stable=stable)
        (home / KEY).write_text(json.dumps(document.to_json()))
