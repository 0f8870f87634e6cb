"""Options, output and exit status."""

import argparse
import io
import json
import sys
from functools import partial

import pytest

from tests.unit.apps.cli.fake_reader import NAME, FakeReader, answer, assistant, deployment, pool
from understudy import __main__ as understudy
from understudy.apps.cli import main as kubectl
from understudy.apps.cli import status


class Terminal(io.StringIO):
    """A screen."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def reader() -> FakeReader:
    """Two proxies that answer."""
    found = FakeReader()
    for name in ("p-1", "p-2"):
        found.answers[name] = partial(answer, name, pool(deployment("east", 1)))
    return found


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    status.add_arguments(parser)
    return parser.parse_args(arguments)


async def test_json_holds_all_that_the_proxies_said(reader: FakeReader) -> None:
    out = io.StringIO()
    await status.look(reader, options(NAME, "-o", "json"), out)
    (found,) = json.loads(out.getvalue())["assistants"]
    assert (found["name"], found["phase"]) == (NAME, "Stable")
    assert [each["pools"]["pools"][0]["deployments"][0]["name"] for each in found["proxies"]] == ["east", "east"]


async def test_watching_redraws_a_terminal_and_appends_to_a_file(reader: FakeReader) -> None:
    screen, file = Terminal(), io.StringIO()
    for out in (screen, file):
        await status.look(reader, options(NAME, "--watch"), out)
    assert screen.getvalue() == status.CLEAR + file.getvalue()
    once = Terminal()
    await status.look(reader, options(NAME), once)
    assert status.CLEAR not in once.getvalue()


async def test_watching_survives_an_api_server_that_is_away(
    reader: FakeReader, capsys: pytest.CaptureFixture[str]
) -> None:
    reader.denied["assistant"] = 503
    await status.look_again(reader, options(NAME, "--watch"), io.StringIO())
    assert "error: " in capsys.readouterr().err
    reader.denied.clear()
    out = io.StringIO()
    await status.look_again(reader, options(NAME, "--watch"), out)
    assert "east" in out.getvalue()


async def test_without_a_name_all_of_a_namespace_is_shown(reader: FakeReader) -> None:
    reader.objects = [assistant(), assistant("night-desk")]
    out = io.StringIO()
    await status.look(reader, options(), out)
    assert "shop/front-desk" in out.getvalue()
    assert "shop/night-desk" in out.getvalue()


def test_no_cluster_is_an_error_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert status.run(options("--kubeconfig", "/nowhere/kubeconfig")) == status.EXIT_FAILED
    assert capsys.readouterr() == ("", "error: no cluster: there is no /nowhere/kubeconfig\n")


def test_both_ways_to_call_it_lead_to_the_same_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`kubectl understudy status` runs `kubectl-understudy status`; in the image it is `understudy status`."""
    monkeypatch.setattr(sys, "argv", ["kubectl-understudy", "status", NAME, "--kubeconfig", "/nowhere"])
    assert kubectl.main() == status.EXIT_FAILED
    monkeypatch.setattr(sys, "argv", ["understudy", "status", NAME, "--kubeconfig", "/nowhere"])
    assert understudy.main() == status.EXIT_FAILED
    first, second = capsys.readouterr().err.splitlines()
    assert first == second
