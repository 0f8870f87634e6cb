"""The plugin as one file, run by a Python that has nothing but its standard library."""

import asyncio
import os
import sys
import zipapp
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.cli.api_server import ApiServer
from tests.tools import plugin
from understudy.apps.cli.verbs import VERBS

BARE = (sys._base_executable, "-I", "-S")  # type: ignore[attr-defined]
"""No virtual environment, no site-packages, no PYTHONPATH."""


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def program(home: Path) -> Path:
    return plugin.build(home / "kubectl-understudy")


@pytest.fixture(scope="module")
def foreign(home: Path) -> Path:
    """One that was built for a Python that is not here."""
    folder = home / "foreign"
    folder.mkdir()
    about = {**plugin.built_for(), "python": "3.99", "digest": "0"}
    (folder / "__main__.py").write_text(plugin.boot(about))
    zipapp.create_archive(folder, home / "other")
    return home / "other"


async def run(home: Path, *command: str, path: str = os.defpath) -> Done:
    environment = {"HOME": str(home), "PATH": path, "LC_ALL": "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    return Done(process.returncode or 0, out.decode(), err.decode())


async def test_the_python_of_this_test_is_bare(home: Path) -> None:
    assert (await run(home, *BARE, "-c", "import pydantic")).code != 0


async def test_it_knows_every_command(home: Path, program: Path) -> None:
    done = await run(home, *BARE, str(program), "--help")
    assert done.code == 0, done.err
    for command in ("status", "explain", "history", "diff", *VERBS):
        assert f"    {command} " in done.out


async def test_it_shows_and_asks(home: Path, program: Path, server: ApiServer) -> None:
    """All that is compiled is used: TLS aside, a whole conversation with an API server."""
    where = ("--kubeconfig", str(server.kubeconfig))
    shown = await run(home, *BARE, str(program), "status", "front-desk", *where)
    assert (shown.code, shown.err) == (0, "")
    assert "shop/front-desk · ✔ Stable" in shown.out
    server.operator = lambda verb, value: {"message": f"{verb} {value}"}
    asked = await run(home, *BARE, str(program), "abort", "front-desk", "--id", "r1", *where)
    assert (asked.code, asked.out) == (0, "abort of front-desk: abort r1\n")


async def test_it_is_unpacked_once(home: Path, program: Path) -> None:
    await run(home, *BARE, str(program), "--help")
    (folder,) = (home / ".cache/understudy").iterdir()
    before = folder.stat().st_mtime_ns
    await run(home, *BARE, str(program), "--help")
    assert [*(home / ".cache/understudy").iterdir()] == [folder]
    assert folder.stat().st_mtime_ns == before


async def test_another_python_is_told_what_to_install(home: Path, foreign: Path) -> None:
    done = await run(home, *BARE, str(foreign), "--help")
    assert (done.code, done.out) == (1, "")
    assert "was built for Python 3.99 on" in done.err
    assert "make plugin" in done.err


async def test_another_python_gives_way_to_the_right_one(home: Path, foreign: Path) -> None:
    """Found on the PATH by its usual name."""
    folder = home / "bin"
    folder.mkdir()
    (folder / "python3.99").write_text('#!/bin/sh\necho "started $2"\n')
    (folder / "python3.99").chmod(0o755)
    done = await run(home, *BARE, str(foreign), "status", path=f"{folder}:{os.defpath}")
    assert (done.code, done.out) == (0, "started status\n")
