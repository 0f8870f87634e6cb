"""The systems of the `proxy` benchmark, each on a core of its own; load and upstream share the other one."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientSession, ClientWebSocketResponse

from tests.bench import peers
from tests.bench.proxy_process import ProxyProcess, free_port
from tests.integration.proxy_front.agent import AgentCall, FakeAgent
from understudy.domain.naming import PARAM_TOKEN

SYSTEM_CORE, LOAD_CORE = 0, 1
"""With one core only, both are the same, and the numbers mean little."""

CALLS = 50
"""Live calls whose tokens the load uses: a call asks once in some seconds, so that a busy proxy has many."""

POOL = "desk"
MODEL = "maitre"
PORTS_S = 10.0


@dataclass(frozen=True)
class System:
    """Something that answers chat completions.

    Attributes:
        port: on loopback.
        path: of chat completions.
        headers: of requests; the load takes turns.
        model: what requests ask for.
        pids: of its processes; 0 is the load generator.
    """

    port: int
    path: str
    headers: tuple[dict[str, str], ...]
    model: str
    pids: tuple[int, ...]


@dataclass(frozen=True)
class Model:
    """The upstream."""

    port: int
    pid: int


@contextmanager
def core(number: int) -> Iterator[None]:
    """While inside, this process and what it starts run on that core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number} & before or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@asynccontextmanager
async def upstream() -> AsyncIterator[Model]:
    """The model."""
    async with _serving("tests.bench.proxy_upstream", LOAD_CORE) as (port, pid):
        yield Model(port, pid)


@asynccontextmanager
async def bare(model: Model) -> AsyncIterator[System]:
    """Our server and client, and nothing between them; see `proxy_bare`."""
    async with _serving("tests.bench.proxy_bare", SYSTEM_CORE, str(model.port)) as (port, pid):
        yield System(port, "/v1/chat/completions", ({},), MODEL, (pid,))


@asynccontextmanager
async def direct(model: Model) -> AsyncIterator[System]:
    """No system at all: what load and upstream use is counted, since they share a core."""
    yield System(model.port, "/v1/chat/completions", ({},), MODEL, (0, model.pid))


@asynccontextmanager
async def understudy(model: Model) -> AsyncIterator[System]:
    """The proxy with live calls."""
    async with FakeAgent(capacity=CALLS) as agent:
        with core(SYSTEM_CORE):
            process = ProxyProcess(f"http://127.0.0.1:{model.port}", agent.address, "sk-none")
        with process as proxy:
            async with ClientSession() as session:
                sockets = [await session.ws_connect(proxy.media) for _ in range(CALLS)]
                listening = [asyncio.create_task(_dial(socket, n)) for n, socket in enumerate(sockets)]
                calls = [await agent.call() for _ in sockets]
                yield System(
                    urlsplit(proxy.media).port or 0, "/v1/chat/completions",
                    tuple(_token(call) for call in calls), "any", (proxy.pid,),
                )  # fmt: skip
                for task in listening:
                    task.cancel()


@asynccontextmanager
async def peer(kind: str, model: Model) -> AsyncIterator[System]:
    """Another proxy, installed when it is not there yet.

    Raises:
        PeerUnavailable: it cannot be had.
    """
    pools = {POOL: [peers.Upstream("a", f"http://127.0.0.1:{model.port}/v1", "sk-none", MODEL)]}
    with core(SYSTEM_CORE):
        starting = peers.running(kind, pools)
        found = await starting.__aenter__()
    try:
        place = urlsplit(found.url)
        yield System(place.port or 0, f"{place.path}/chat/completions", (found.headers(POOL),), POOL, (found.pid,))
    finally:
        await starting.__aexit__(None, None, None)


@dataclass(frozen=True)
class Load:
    """What a load generator does; see `proxy_load`."""

    mode: str
    connections: int
    warm_s: float
    seconds: float
    windows: int


async def load(system: System, plan: Load) -> dict[str, Any]:
    """What a load generator measured."""
    job = {**asdict(plan), **asdict(system)}
    with core(LOAD_CORE):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.proxy_load", json.dumps(job), stdout=asyncio.subprocess.PIPE
        )
    out, _ = await process.communicate()
    result: dict[str, Any] = json.loads(out)
    return result


async def _dial(socket: ClientWebSocketResponse, number: int) -> None:
    """Start a call that says nothing, and answer the proxy's pings."""
    name = f"CA{number}"
    await socket.send_json({"event": "connected", "protocol": "Call", "version": "1.0.0"})
    await socket.send_json({"event": "start", "start": {"callSid": name, "streamSid": f"MZ{name}"}})
    async for _ in socket:
        pass


def _token(call: AgentCall) -> dict[str, str]:
    return {"Authorization": f"Bearer {call.parameters[PARAM_TOKEN]}"}


@asynccontextmanager
async def _serving(module: str, number: int, *arguments: str) -> AsyncIterator[tuple[int, int]]:
    """Port and pid of a process of ours on a core."""
    port = free_port()
    with core(number):
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, str(port), *arguments)
    try:
        async with asyncio.timeout(PORTS_S):
            await _listening(port)
        yield port, process.pid
    finally:
        process.kill()
        await process.wait()


async def _listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
