"""Options, output and exit status."""

import argparse
import io
import json
import re
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.unit.apps.cli.fake_reader import NAME, FakeReader, answer, assistant, deployment, pool, revision
from tests.unit.apps.cli.scenes import GOOD, under_way
from understudy import __main__ as understudy
from understudy.apps.cli import main as kubectl
from understudy.apps.cli import options as common
from understudy.apps.cli import status, terminal
from understudy.base.clock import ManualClock


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


def watching(reader: FakeReader, out: io.StringIO, *arguments: str) -> status.Watch:
    return status.Watch(reader, options(*arguments), out, ManualClock())


async def test_json_holds_the_status_and_all_that_the_proxies_said(reader: FakeReader) -> None:
    out = io.StringIO()
    await watching(reader, out, NAME, "-o", "json").look()
    (found,) = json.loads(out.getvalue())["assistants"]
    assert (found["name"], found["phase"]) == (NAME, "Stable")
    assert found["status"]["rollout"]["stable"]["agentService"]
    assert [each["pools"]["pools"][0]["deployments"][0]["name"] for each in found["proxies"]] == ["east", "east"]


async def test_watching_redraws_a_terminal_and_appends_to_a_file(
    reader: FakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("LINES", "99")
    screen, file = Terminal(), io.StringIO()
    for out in (screen, file):
        await watching(reader, out, NAME, "--watch").look()
    assert "\x1b" not in file.getvalue()
    assert re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()) == terminal.CLEAR + file.getvalue()
    once = Terminal()
    await watching(reader, once, NAME).look()
    assert terminal.CLEAR not in once.getvalue()


async def test_a_page_longer_than_the_screen_is_cut_while_watching(
    reader: FakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What scrolls out at the top could not be cleared again."""
    monkeypatch.setenv("LINES", "10")
    monkeypatch.setenv("COLUMNS", "120")
    screen = Terminal()
    await watching(reader, screen, NAME, "--watch").look()
    assert screen.getvalue().count("\n") < 10
    assert "more lines: a larger window" in screen.getvalue()


async def test_a_watch_draws_what_it_has_seen(reader: FakeReader) -> None:
    """One value is a number; several are a line that rises."""
    out = io.StringIO()
    watch = watching(reader, out, NAME, "--watch")
    rollout = under_way(stable=revision("aaaaaaaa"), canary=revision("bbbbbbbb"))
    for value in (None, 1.0, 1.0, None, 9.0):
        readings = [{key: each for key, each in {**GOOD, "value": value}.items() if each is not None}]
        reader.objects = [assistant(phase="Canary", rollout={**rollout, "phase": "Canary", "readings": readings})]
        await watch.look()
    drawn = [line.split("─ ")[1] for line in out.getvalue().splitlines() if " lately " in line]
    assert drawn == ["canary lately ▁▁ 1 %", "canary lately ▁▁  1 %", "canary lately ▁▁ █ 1 % to 9 %"]


async def test_a_picture_is_written_beside_the_page(reader: FakeReader, tmp_path: Path) -> None:
    await watching(reader, io.StringIO(), NAME, "--svg", str(tmp_path / "page.svg")).look()
    picture = (tmp_path / "page.svg").read_text()
    assert picture.startswith("<svg")
    assert "front-desk" in picture
    assert "url(http" not in picture.replace('"', ""), "nothing is fetched by whoever looks at it"


async def test_watching_survives_an_api_server_that_is_away(
    reader: FakeReader, capsys: pytest.CaptureFixture[str]
) -> None:
    reader.denied["assistant"] = 503
    out = io.StringIO()
    watch = watching(reader, out, NAME, "--watch")
    await watch.look_again()
    assert "error: " in capsys.readouterr().err
    reader.denied.clear()
    await watch.look_again()
    assert "east" in out.getvalue()


async def test_without_a_name_all_of_a_namespace_is_shown(reader: FakeReader) -> None:
    reader.objects = [assistant(), assistant("night-desk")]
    out = io.StringIO()
    await watching(reader, out).look()
    assert "shop/front-desk" in out.getvalue()
    assert "shop/night-desk" in out.getvalue()


def test_no_cluster_is_an_error_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert status.run(options("--kubeconfig", "/nowhere/kubeconfig")) == common.EXIT_FAILED
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("error: no cluster: there is no /nowhere/kubeconfig; choose one with --kubeconfig")


def test_both_ways_to_call_it_lead_to_the_same_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`kubectl understudy status` runs `kubectl-understudy status`; in the image it is `understudy status`."""
    monkeypatch.setattr(sys, "argv", ["kubectl-understudy", "status", NAME, "--kubeconfig", "/nowhere"])
    assert kubectl.main() == common.EXIT_FAILED
    monkeypatch.setattr(sys, "argv", ["understudy", "status", NAME, "--kubeconfig", "/nowhere"])
    assert understudy.main() == common.EXIT_FAILED
    first, second = capsys.readouterr().err.splitlines()
    assert first == second
