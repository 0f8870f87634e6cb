"""The `turn` benchmark's other half: the same agent, callers and providers, with a real routing-proxy between.

The proxy is the real program in a process of its own, with its documents in a directory instead of a cluster.
"""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.bench import turn_direct
from tests.integration.agent.agent_process import AgentProcess
from tests.integration.agent.fake_proxy import TOKEN, FakeProxy
from tests.integration.proxy_front.documents import (
    NAME,
    NAMESPACE,
    STABLE,
    document,
    publish,
    publish_revision,
    ref,
    snapshot,
)
from understudy.domain.naming import SECRET_ALLOWED_HOSTS, SECRET_KEY, media_path
from understudy.domain.revision.snapshot import Account, Model, ModelTarget, Snapshot, Transcriber, Voice

SECRET = "providers"
READY_SECONDS = 30.0


async def latency(agent: AgentProcess, turns: int) -> dict[str, object]:
    """One caller's turns through a proxy; as `turn_direct.measure`."""
    async with FakeProxy(turn_direct.script()) as providers, front_door(agent, providers) as media:
        return await turn_direct.measure(media, providers, turns)


@asynccontextmanager
async def front_door(agent: AgentProcess, providers: FakeProxy) -> AsyncIterator[str]:
    """A proxy that puts calls through to `agent` and asks `providers`; yields the URL that a carrier streams to."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        _publish(root, agent, providers)
        port, admin = _free_port(), _free_port()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "understudy", "proxy", "--documents", str(root / "documents")),
            env={**os.environ, **_environment(root, port, admin)},
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await _ready(admin)
            yield f"ws://127.0.0.1:{port}{media_path(NAMESPACE, NAME)}"
        finally:
            process.kill()
            await process.wait()


def _publish(root: Path, agent: AgentProcess, providers: FakeProxy) -> None:
    secret = root / "credentials" / NAMESPACE / SECRET
    secret.mkdir(parents=True)
    (secret / SECRET_KEY).write_text(TOKEN)
    (secret / SECRET_ALLOWED_HOSTS).write_text("127.0.0.1")
    publish_revision(root / "documents", STABLE, revision(providers.url))
    publish(root / "documents", document(1, stable=ref(STABLE, f"127.0.0.1:{agent.port}")))


def revision(providers: str) -> Snapshot:
    """A revision whose model, transcriber and voice are the fakes at `providers`."""
    urls = {"openai": f"{providers}/v1", "deepgram": providers, "cartesia": providers}
    accounts = {
        name: Account(name=name, provider=name, base_url=url, secret=SECRET, default_host=False)
        for name, url in urls.items()
    }
    target = ModelTarget(name="only", account="openai", model="m")
    return snapshot(
        "You answer the phone.",
        accounts=accounts,
        model=Model(targets=(target,), system_prompt="You answer the phone."),
        transcribers=(Transcriber(account="deepgram", provider="deepgram", model="nova-3"),),
        voices=(Voice(account="cartesia", provider="cartesia", voice_id="v", model="sonic-3"),),
    )


def _environment(root: Path, port: int, admin: int) -> dict[str, str]:
    return {
        "UNDERSTUDY_ASSISTANTS": f"{NAMESPACE}/{NAME}",
        "UNDERSTUDY_PORT": str(port),
        "UNDERSTUDY_ADMIN_PORT": str(admin),
        "UNDERSTUDY_STATE_DIR": str(root / "state"),
        "UNDERSTUDY_CREDENTIALS_DIR": str(root / "credentials"),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _ready(admin: int) -> None:
    async with asyncio.timeout(READY_SECONDS), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{admin}/readyz") as response:
                    if response.ok:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)
