"""What is accepted with a warning: automatic fallback may send the caller's audio elsewhere (T5)."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.api.manifests import API_VERSION, Manifest, assistant, edit, plan
from tests.api.policies import apply, in_force
from tests.api.server import Kube
from tests.cluster.apiserver import Server

pytestmark = pytest.mark.apiserver

INLINE = "spec.transcriber.fallbackPlan.autoFallback.enabled"
SHARED = "spec.autoFallback.transcriber"
ELSEWHERE = "the caller's audio may go to another provider"


def _warnings(answer: httpx.Response) -> list[str]:
    assert answer.status_code in (200, 201), answer.text
    return answer.headers.get_list("warning")


def _apply(kube: Kube, manifest: Manifest, **params: str) -> list[str]:
    """What the server warned of."""
    return _warnings(apply(kube, manifest, **params))


@pytest.fixture(scope="module")
def warned(server: Server, kube: Kube) -> Iterator[Kube]:
    """The server with the chart's policy in force."""
    probe = assistant({INLINE: True, "metadata.name": "probe"})
    shows = lambda: bool(_apply(kube, probe, dryRun="All"))  # noqa: E731 - one word for a look
    with in_force(server, kube, "understudy-data-residency", shows=shows):
        yield kube


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        (assistant({INLINE: True}), "spec.transcriber.fallbackPlan.autoFallback"),
        (plan({SHARED: True}), SHARED),
    ],
    ids=["assistant", "plan"],
)
def test_automatic_fallback_is_accepted_with_a_warning(warned: Kube, manifest: Manifest, field: str) -> None:
    """Once, with the field, and nothing is refused."""
    (said,) = _apply(warned, edit(manifest, {"metadata.name": "residency"}), dryRun="All")
    assert field in said
    assert ELSEWHERE in said


@pytest.mark.parametrize(
    "manifest",
    [
        assistant(),
        assistant({INLINE: False}),
        assistant({"spec.transcriber.fallbackPlan.transcribers": []}),
        assistant({"spec.voice.fallbackPlan.autoFallback.enabled": True}),
        plan(),
        plan({SHARED: False}),
        plan({"spec.autoFallback.voice": True}),
    ],
    ids=["none", "off", "empty list", "voice", "empty plan", "plan off", "plan's voice"],
)
def test_nothing_else_is_warned_of(warned: Kube, manifest: Manifest) -> None:
    assert _apply(warned, edit(manifest, {"metadata.name": "residency"}), dryRun="All") == []


def test_it_is_said_when_the_spec_changes_and_not_each_time(warned: Kube) -> None:
    """A label is no reason to say it again."""
    manifest = assistant({INLINE: True, "metadata.name": "residency"})
    assert len(_apply(warned, manifest)) == 1
    assert _apply(warned, edit(manifest, {"metadata.labels": {"a": "b"}})) == []
    assert len(_apply(warned, edit(manifest, {"spec.turnBudget": "1s"}))) == 1
    warned.client.delete(f"/apis/{API_VERSION}/namespaces/default/voiceassistants/residency")


def test_kubectl_shows_it(warned: Kube, server: Server, tmp_path: Path) -> None:
    """To whoever applies the manifest."""
    del warned  # the policy is in force
    written = tmp_path / "assistant.yaml"
    written.write_text(yaml.safe_dump(assistant({INLINE: True})))
    command = [server.programs / "kubectl", "--kubeconfig", server.kubeconfig, "--cache-dir", tmp_path / "cache"]
    done = subprocess.run(
        [*command, "apply", "--dry-run=server", "-f", written], capture_output=True, text=True, check=True
    )
    assert done.stderr.startswith("Warning: ")
    assert ELSEWHERE in done.stderr
