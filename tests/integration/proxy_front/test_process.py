import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from aiohttp import ClientSession

from tests.integration.proxy_front.agent import FakeAgent
from tests.integration.proxy_front.caller import Caller
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


async def test_the_program_answers_calls_and_leaves_when_the_last_one_has_ended(tmp_path: Path) -> None:
    """`understudy proxy --documents DIR`, as a container runs it: SIGTERM in mid-call, and nobody is hung up on."""
    async with FakeAgent() as agent:
        publish_revision(tmp_path / "documents", STABLE, snapshot("stable"))
        publish(tmp_path / "documents", document(1, stable=ref(STABLE, agent.address)))
        environment = {
            **os.environ,
            "UNDERSTUDY_ASSISTANTS": f"{NAMESPACE}/{NAME}",
            "UNDERSTUDY_PORT": "0",
            "UNDERSTUDY_ADMIN_PORT": "0",
            "UNDERSTUDY_STATE_DIR": str(tmp_path / "state"),
        }
        command = (sys.executable, "-m", "understudy", "proxy", "--documents", str(tmp_path / "documents"))
        program = await asyncio.create_subprocess_exec(*command, env=environment, stderr=PIPE)
        try:
            port, admin = await ports_of(program)
            await ready(admin)
            async with Caller(f"http://127.0.0.1:{port}", "CA1") as caller:
                call = await agent.call()
                program.send_signal(signal.SIGTERM)
                await ready(admin, status=503)
                await call.speak()
                assert await caller.hears()
                assert program.returncode is None
                await caller.hang_up()
            assert await asyncio.wait_for(program.wait(), 10) == 0
        finally:
            if program.returncode is None:
                program.kill()
            await program.communicate()


async def ports_of(program: asyncio.subprocess.Process) -> tuple[int, int]:
    """The ports it says that it bound."""
    assert program.stderr is not None
    async with asyncio.timeout(20):
        async for line in program.stderr:
            if found := re.search(rb"on ports (\d+) and (\d+)", line):
                return int(found[1]), int(found[2])
    raise AssertionError("it ended without serving")


async def ready(admin: int, status: int = 200) -> None:
    """Wait until `/readyz` answers so."""
    async with ClientSession() as session, asyncio.timeout(10):
        while True:
            async with session.get(f"http://127.0.0.1:{admin}/readyz") as reply:
                if reply.status == status:
                    return
            await asyncio.sleep(0.02)
