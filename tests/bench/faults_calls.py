"""The real routing-proxy with one assistant for each pool, and real calls through it, whose tokens the agent uses."""

import asyncio
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from aiohttp import web

from tests.bench.peers import Pools, Upstream
from tests.bench.peers.process import serving
from tests.bench.proxy_process import free_port
from understudy.base.digest import short_digest
from understudy.domain import naming
from understudy.domain.revision.snapshot import Account, Agent, Model, ModelTarget, Snapshot
from understudy.domain.routing.document import KEY, RevisionRef, RoutingDocument

NAMESPACE, SECRET = "bench", "provider"
MU_LAW = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
TOKEN_S = 10.0
"""Longest from a call's start until its agent has the token."""


def snapshot(upstreams: Sequence[Upstream]) -> Snapshot:
    """A revision whose model pool is `upstreams`; every setting of the pool has its default."""
    accounts = {
        each.name: Account(name=each.name, provider="openai", base_url=each.base_url, secret=SECRET, default_host=False)
        for each in upstreams
    }
    targets = tuple(ModelTarget(name=each.name, account=each.name, model=each.model) for each in upstreams)
    model = Model(targets=targets, system_prompt="You are brief.")
    return Snapshot(accounts=accounts, model=model, transcribers=(), voices=(), agent=Agent(image="none"))


class NoCall(Exception):
    """A call was not put through."""


class Lines:
    """Places calls: the carrier's side and the agent's side of each."""

    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self._session = session
        self._port = port
        self._tokens: dict[str, asyncio.Future[str]] = {}

    @asynccontextmanager
    async def call(self, assistant: str) -> AsyncIterator[str]:
        """A call until the block ends; gives its token.

        Raises:
            NoCall: the proxy did not take it, or no agent got its token.
        """
        name = f"CA{uuid.uuid4().hex}"
        self._tokens[name] = asyncio.get_running_loop().create_future()
        url = f"ws://127.0.0.1:{self._port}{naming.media_path(NAMESPACE, assistant)}"
        start: dict[str, Any] = {"streamSid": f"MZ{name}", "callSid": name, "accountSid": "AC0", "tracks": ["inbound"]}
        start |= {"customParameters": {}, "mediaFormat": MU_LAW}
        async with self._session.ws_connect(url, compress=0) as line:
            await line.send_json({"event": "connected", "protocol": "Call", "version": "1.0.0"})
            await line.send_json({"event": "start", "sequenceNumber": "1", "streamSid": f"MZ{name}", "start": start})
            try:
                async with asyncio.timeout(TOKEN_S):
                    token = await self._tokens[name]
            except TimeoutError as late:
                raise NoCall("no agent got the call's token") from late
            finally:
                del self._tokens[name]
            yield token

    async def media(self, request: web.Request) -> web.StreamResponse:
        """The agent's side."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        async for message in socket:
            document = json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else {}
            if document.get("event") == "start":
                start = document["start"]
                if waiting := self._tokens.get(start["callSid"]):
                    waiting.set_result(start["customParameters"][naming.PARAM_TOKEN])
        return socket


@asynccontextmanager
async def running(pools: Pools) -> AsyncIterator[tuple[str, Lines]]:
    """Run the proxy until the block ends; gives its API's base URL and the lines into it."""
    port, admin = free_port(), free_port()
    async with aiohttp.ClientSession() as session:
        lines = Lines(session, port)
        async with _agents(lines) as agents:
            with TemporaryDirectory(prefix="understudy-faults-") as place:
                _write(Path(place), pools, agents)
                environment = _environment(Path(place), pools, port, admin)
                command = [sys.executable, "-m", "understudy", "proxy", "--documents", f"{place}/documents"]
                async with serving(command, f"http://127.0.0.1:{admin}/readyz", environment):
                    yield f"http://127.0.0.1:{port}/v1", lines


@asynccontextmanager
async def _agents(lines: Lines) -> AsyncIterator[str]:
    """A pod that takes every call; gives its host:port."""

    async def capacity(_: web.Request) -> web.Response:
        return web.json_response({"live": 0, "capacity": 1000, "draining": False})

    app = web.Application()
    app.add_routes([web.get("/media", lines.media), web.get("/capacity", capacity)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


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
