"""How many calls one core carries: relayed ones, and whole ones with transcriber, model and voice behind them."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.bench import turn, turn_direct
from tests.bench.proxy_process import ProxyProcess, free_port
from tests.bench.proxy_systems import LOAD_CORE, SYSTEM_CORE, core
from tests.integration.agent.caller import Caller
from tests.integration.agent.fake_proxy import TOKEN, FakeProxy

LIMIT_MS = 5.0
"""p99 that the proxy may add to a frame's way."""

DELIVERED = 0.97
"""Share of the frames that has to arrive within the window: fewer, and they pile up."""


@dataclass(frozen=True)
class Steps:
    """How calls are added.

    Attributes:
        calls: at a time, in order.
        seconds: of a window.
        windows: of each step, at most; the best counts.
    """

    calls: Sequence[int]
    seconds: float
    windows: int


async def relayed(steps: Steps) -> dict[str, Any]:
    """The most calls within the limits, and what every step saw."""
    port = free_port()
    base = [each async for each in _talk(steps, port, port, "/media", 0.0)]
    agent = free_port()
    with core(SYSTEM_CORE):
        process = ProxyProcess("http://127.0.0.1:1", f"127.0.0.1:{agent}", "sk-none")
    with process as proxy:
        place = urlsplit(proxy.media)
        talk = _talk(steps, agent, place.port or 0, place.path, base[0]["p99_ms"])
        seen = await _steps(talk, base, proxy.pid)
    good = [each["calls"] for each in seen if _within(each)]
    return {"relayed_calls": max(good, default=0), "relay_steps": seen}


async def _steps(
    talk: AsyncGenerator[dict[str, Any], None], base: Sequence[dict[str, Any]], pid: int
) -> list[dict[str, Any]]:
    """What each step saw, compared with `base`; ends at the second in a row that is not within the limits."""
    seen: list[dict[str, Any]] = []
    clock = asyncio.get_running_loop().time
    began, busy = clock(), turn.cpu_seconds(pid)
    async with aclosing(talk) as results:
        async for each in results:
            direct = base[len(seen)]["p99_ms"]
            now, used = clock(), turn.cpu_seconds(pid)
            seen.append({
                "calls": each["calls"], "added_p99_ms": round(each["p99_ms"] - direct, 2),
                "direct_p99_ms": round(direct, 2), "delivered": round(each["delivered"], 3),
                "core_share": round((used - busy) / (now - began), 2),
            })  # fmt: skip
            began, busy = now, used
            if len(seen) > 1 and not any(_within(step) for step in seen[-2:]):
                break
    return seen


def _within(step: dict[str, Any]) -> bool:
    return bool(step["added_p99_ms"] < LIMIT_MS and step["delivered"] >= DELIVERED)


async def whole(calls: int, turns: int) -> dict[str, Any]:
    """Calls a core, by what the proxy used for some: real agent, audio, transcripts, completions and speech."""
    with core(LOAD_CORE):
        agent = turn_direct.start_agent(calls=calls * 2)
    try:
        async with FakeProxy(turn_direct.script()) as fake:
            with core(SYSTEM_CORE):
                process = ProxyProcess(fake.url, f"127.0.0.1:{agent.port}", TOKEN)
            with process as proxy:
                share = await _converse(proxy, fake, calls, turns)
    finally:
        agent.stop()
    return {"whole_calls": round(calls / share), "whole_measured": {"calls": calls, "core_share": round(share, 3)}}


async def _converse(proxy: ProxyProcess, fake: FakeProxy, calls: int, turns: int) -> float:
    """The proxy's share of a core while all calls talk."""
    callers = [Caller(proxy.media, fake.url, f"CAw{number}") for number in range(calls)]
    for caller in callers:
        await caller.__aenter__()
    clock = asyncio.get_running_loop().time
    began, busy = clock(), turn.cpu_seconds(proxy.pid)
    await asyncio.gather(*(turn_direct.converse(each, turns, n) for n, each in enumerate(callers)))
    share = (turn.cpu_seconds(proxy.pid) - busy) / (clock() - began)
    await asyncio.gather(*(caller.__aexit__() for caller in callers))
    return share


async def _talk(steps: Steps, agent: int, port: int, path: str, base_ms: float) -> AsyncGenerator[dict[str, Any], None]:
    """What the generator saw, step by step; see `proxy_calls`."""
    job = {
        "agent_port": agent, "port": port, "path": path, "steps": list(steps.calls),
        "seconds": steps.seconds, "windows": steps.windows, "enough_ms": base_ms + LIMIT_MS,
    }  # fmt: skip
    with core(LOAD_CORE):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.proxy_calls", json.dumps(job), stdout=asyncio.subprocess.PIPE
        )
    assert process.stdout
    try:
        while line := await process.stdout.readline():
            yield json.loads(line)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
