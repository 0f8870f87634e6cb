"""`kubectl understudy` as users call it: a plugin of kubectl, one file, on the real cluster, with their own rights."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.demo import callers, shell, stage
from tests.e2e.calls import place
from tests.tools import plugin
from understudy.domain import naming

BARE = """#!/bin/sh
exec '{python}' -I -S '{file}' "$@"
"""
"""Starts the single file with a Python that has nothing but its standard library."""
VIEWER = "status-viewer"
TRIES = 10
"""Of about a second each: rights are in force within one."""

pytestmark = pytest.mark.usefixtures("installed")


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the PATH with the plugin in it."""
    folder = tmp_path_factory.mktemp("bin")
    file = plugin.build(tmp_path_factory.mktemp("dist") / "kubectl-understudy")
    program = folder / "kubectl-understudy"
    program.write_text(BARE.format(python=sys._base_executable, file=file))  # type: ignore[attr-defined]
    program.chmod(0o755)
    return folder


class Status:
    """Runs the command."""

    def __init__(self, plugins: Path) -> None:
        found = dict(shell.environment())
        found["PATH"] = f"{plugins}{os.pathsep}{found['PATH']}"
        found["XDG_CACHE_HOME"] = str(plugins / "cache")
        self.environment = found

    def run(self, *arguments: str, kubeconfig: Path | None = None) -> "subprocess.CompletedProcess[str]":
        return self.command("status", *arguments, kubeconfig=kubeconfig)

    def command(self, *arguments: str, kubeconfig: Path | None = None) -> "subprocess.CompletedProcess[str]":
        chosen = {"KUBECONFIG": str(kubeconfig)} if kubeconfig else {}
        return subprocess.run(
            ["kubectl", "understudy", *arguments],
            env=self.environment | chosen, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def json(self, name: str, namespace: str) -> dict[str, Any]:
        done = self.run(name, "-n", namespace, "-o", "json")
        assert done.returncode == 0, done.stderr
        (found,) = json.loads(done.stdout)["assistants"]
        assert isinstance(found, dict)
        return found


@pytest.fixture(scope="module")
def status(plugins: Path) -> Status:
    """The command, after a call in which the model was asked."""
    assert place(callers.twiml())["ended"] == "completed"
    return Status(plugins)


def test_every_ready_proxy_tells_how_it_routes(status: Status) -> None:
    """Deployments by rank, with what the next request there would be given."""
    found = status.json(stage.ASSISTANT, stage.NAMESPACE)
    selector = ",".join(f"{key}={value}" for key, value in naming.labels(stage.ASSISTANT, "proxy").items())
    pods = {pod["metadata"]["name"] for pod in shell.items("pods", stage.NAMESPACE, selector)}
    assert {answer["pod"] for answer in found["proxies"]} <= pods
    assert not [answer["error"] for answer in found["proxies"] if answer["error"]]
    pools = [pool for answer in found["proxies"] for pool in answer["pools"]["pools"]]
    assert sum(pool["requests"] for pool in pools) > 0
    for pool in pools:
        assert [each["rank"] for each in pool["deployments"]] == list(range(1, len(pool["deployments"]) + 1))
        assert all(each["cut_after_ms"] > 0 and each["account"] for each in pool["deployments"])


def test_people_read_a_page(status: Status) -> None:
    done = status.run(stage.ASSISTANT, "-n", stage.NAMESPACE)
    assert done.returncode == 0, done.stderr
    for words in (
        f"{stage.NAMESPACE}/{stage.ASSISTANT} · ",
        "proxies: ",
        "Pool of revision",
        "DEPLOYMENT",
        "estimated",
    ):
        assert words in done.stdout


def test_the_tree_shows_what_the_status_holds(status: Status) -> None:
    """Revisions by number, agent pods, live calls: of the API server and of the proxies."""
    found = shell.get("va", stage.ASSISTANT, stage.NAMESPACE)["status"]["rollout"]
    page = status.run(stage.ASSISTANT, "-n", stage.NAMESPACE).stdout
    (arm,) = [line for line in page.splitlines() if f"stable   {found['stable']['name']}" in line]
    assert " old · agents " in arm
    assert "live call" in arm
    assert "unknown" not in arm


HERE = (stage.ASSISTANT, "-n", stage.NAMESPACE)


def test_history_explain_and_diff_tell_of_the_real_revisions(status: Status) -> None:
    stable = shell.get("va", stage.ASSISTANT, stage.NAMESPACE)["status"]["rollout"]["stable"]["name"]
    history = json.loads(status.command("history", *HERE, "-o", "json").stdout)["revisions"]
    assert [each["name"] for each in history if each["role"] == "stable"] == [stable]
    assert [each["number"] for each in history] == sorted((each["number"] for each in history), reverse=True)
    assert all(each["age_s"] > 0 for each in history)
    same = status.command("diff", stage.ASSISTANT, "stable", stable, "-n", stage.NAMESPACE)
    assert "no difference" in same.stdout, same.stderr
    explained = status.command("explain", *HERE)
    assert (explained.returncode, explained.stderr) == (0, "")
    assert "what would move it" in explained.stdout


def test_the_operator_refuses_with_its_reason_and_answers_an_id_once(status: Status) -> None:
    """Nothing is paused, so that nothing changes for whoever tests after us."""
    request = ("resume", *HERE, "--id", "e2e-1")
    first, second = status.command(*request), status.command(*request)
    assert first.returncode == second.returncode == 1
    assert (
        first.stderr == second.stderr == f"error: resume of {stage.ASSISTANT} was refused: the rollout is not paused\n"
    )
    handled = shell.get("va", stage.ASSISTANT, stage.NAMESPACE)["status"]["rollout"]["requests"]
    assert [each["id"] for each in handled if each["verb"] == "resume"] == ["e2e-1"]


def test_a_revision_that_is_not_stored_is_not_asked_for(status: Status) -> None:
    done = status.command("undo", *HERE, "--to", "9999")
    assert done.returncode == 1
    assert f"no revision 9999 of {stage.ASSISTANT}; there are: " in done.stderr


def test_an_assistant_that_does_not_exist_is_said(status: Status) -> None:
    done = status.run("typo", "-n", stage.NAMESPACE)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no VoiceAssistant typo in namespace" in done.stderr


@pytest.fixture
def viewer(tmp_path: Path) -> Iterator[Path]:
    """The kubeconfig of someone without any right."""
    kubectl = ("-n", stage.NAMESPACE)
    shell.kubectl(*kubectl, "create", "serviceaccount", VIEWER)
    token = shell.kubectl(*kubectl, "create", "token", VIEWER).strip()
    ours = yaml.safe_load(Path(shell.environment()["KUBECONFIG"]).read_text())
    ours["users"] = [{"name": VIEWER, "user": {"token": token}}]
    for context in ours["contexts"]:
        context["context"]["user"] = VIEWER
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(ours))
    yield path
    for kind in ("serviceaccount", "rolebinding", "role"):
        shell.kubectl(*kubectl, "delete", kind, VIEWER, "--ignore-not-found")


def documented_role() -> dict[str, Any]:
    """The Role that docs/operating/observing.md says is enough."""
    page = (shell.ROOT / "docs/operating/observing.md").read_text()
    (block,) = [block for block in page.split("```") if block.startswith("\nkind: Role")]
    role: dict[str, Any] = yaml.safe_load(block)
    role["metadata"] = {"name": VIEWER, "namespace": stage.NAMESPACE}
    return role


def test_a_missing_right_is_named_and_the_documented_ones_are_enough(status: Status, viewer: Path) -> None:
    role = documented_role()
    missing = ["`get` `voiceassistants.understudy.dev`", "`list` `pods`", "`get` `pods/proxy`"]
    binding = ("create", "rolebinding", VIEWER, f"--role={VIEWER}", f"--serviceaccount={stage.NAMESPACE}:{VIEWER}")
    shell.kubectl("-n", stage.NAMESPACE, *binding)
    for granted, right in enumerate(missing):
        shell.kubectl("apply", "-f", "-", stdin=json.dumps({**role, "rules": role["rules"][:granted]}))
        assert f"you lack the right to {right}" in until_said(status, viewer, right)
    shell.kubectl("apply", "-f", "-", stdin=json.dumps(role))
    assert "DEPLOYMENT" in until_said(status, viewer, "DEPLOYMENT")


def until_said(status: Status, kubeconfig: Path, words: str) -> str:
    """What the command says, asked again while the API server takes in who may what."""
    said = ""
    for _ in range(TRIES):
        done = status.run(stage.ASSISTANT, "-n", stage.NAMESPACE, kubeconfig=kubeconfig)
        said = done.stdout + done.stderr
        if words in said:
            break
    return said
