"""A child process that serves HTTP: started, waited for, ended."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.bench.peers.peer import PeerUnavailable

READY_S = 90.0
"""LiteLLM imports for 5 s on an idle core; machines are shared."""
POLL_S = 0.1
STOP_S = 5.0


@asynccontextmanager
async def serving(command: Sequence[str], health: str, environment: dict[str, str]) -> AsyncIterator[int]:
    """Run `command` until the block ends; gives its pid once `health` answers with 200.

    Raises:
        PeerUnavailable: it ended or did not answer in time; the message is the end of what it printed.
    """
    with tempfile.TemporaryDirectory(prefix="understudy-peer-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *command, stdout=out, stderr=out, env=os.environ | environment, cwd=folder, start_new_session=True
            )
        try:
            await _until_ready(process, health, log)
            yield process.pid
        finally:
            await _stop(process)


async def _until_ready(process: asyncio.subprocess.Process, health: str, log: Path) -> None:
    clock = asyncio.get_running_loop().time
    deadline = clock() + READY_S
    async with aiohttp.ClientSession() as session:
        while process.returncode is None and clock() < deadline:
            try:
                async with session.get(health, timeout=aiohttp.ClientTimeout(2)) as answer:
                    if answer.ok:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(POLL_S)
    raise PeerUnavailable(f"{health} was not ready: {_end_of(log)}")


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-1000:]


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the process and whatever it started: they are a session of their own."""
    if process.returncode is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
