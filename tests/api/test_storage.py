"""What is stored and read back: defaults, absent and empty lists, nulls, examples, explanations."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.api.manifests import API_VERSION, Manifest, assistant, edit, plan
from tests.api.server import PLURALS, ROOT, Kube, Outcome, outcome
from tests.cluster.apiserver import Server
from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.fallback_plan import FallbackPlanSpec

pytestmark = pytest.mark.apiserver

EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml"))


def _patch(kube: Kube, manifest: Manifest) -> Outcome:
    """Server-side apply, as `kubectl apply --server-side` does it."""
    plural = PLURALS[manifest["kind"]]
    answer = kube.client.patch(
        f"/apis/{API_VERSION}/namespaces/default/{plural}/stored",
        params={"fieldManager": "tests", "force": "true", "fieldValidation": "Strict"},
        headers={"Content-Type": "application/apply-patch+yaml"},
        content=yaml.safe_dump(edit(manifest, {"metadata.name": "stored"})),
    )
    return outcome(answer)


def _spec(kube: Kube, manifest: Manifest) -> dict[str, Any]:
    """The spec as it is read back after it was applied."""
    applied = _patch(kube, manifest)
    assert applied.accepted, applied.causes
    path = f"/apis/{API_VERSION}/namespaces/default/{PLURALS[manifest['kind']]}/stored"
    spec: dict[str, Any] = kube.client.get(path).json()["spec"]
    return spec


def test_defaults_are_filled_in(kube: Kube) -> None:
    """What `kubectl get -o yaml` shows says what applies."""
    spec = _spec(kube, assistant({"spec.capacity": {}, "spec.rollout": {}, "spec.agent.endOfTurn": {}}))
    assert spec["turnBudget"] == "1200ms"
    assert spec["capacity"] == {"callsPerAgent": 10, "maxCallDuration": "30m"}
    assert spec["rollout"]["minCalls"] == 30
    assert spec["rollout"]["onRegression"] == "Rollback"
    assert spec["agent"]["endOfTurn"] == {"strategy": "SmartTurn", "silence": "1200ms"}
    spec = _spec(kube, assistant({"spec.model.routing": {}, "spec.model.slack": {"filler": "One moment."}}))
    assert spec["model"]["routing"] == {"explorePercent": 3, "hedge": True, "hold": "FirstClause"}
    assert spec["model"]["slack"] == {"filler": "One moment.", "earlyBy": "300ms"}


def test_defaults_of_a_plan_are_filled_in(kube: Kube) -> None:
    """Objects that are there are whole; those that are absent stay absent."""
    asked = {"askToRepeat": {"text": "Sorry?"}}
    spec = _spec(kube, plan({"spec": {"retries": {}, "circuitBreaker": {}, "graceful": asked}}))
    assert spec["retries"] == {"timeout": "4s", "budgetPercent": 10}
    assert spec["circuitBreaker"] == {"failures": 5, "openFor": "5s"}
    assert spec["graceful"] == {"askToRepeat": {"text": "Sorry?", "maxTimes": 2}}
    assert _spec(kube, plan({})) == {"maxConcurrentRollouts": 1}


def test_defaults_of_the_server_are_those_of_the_models(kube: Kube) -> None:
    """An object that went through the server means what the same text means without it."""
    manifest = assistant(
        {"spec.rollout": {}, "spec.proxy": {}, "spec.agent": {"replicas": {}}, "spec.model.routing": {}}
    )
    stored = VoiceAssistantSpec.model_validate(_spec(kube, manifest))
    assert stored == VoiceAssistantSpec.model_validate(manifest["spec"])


@pytest.mark.parametrize(
    "value", [None, [], [{"provider": "cartesia", "voiceId": "v"}]], ids=["absent", "empty", "one"]
)
def test_absent_and_empty_lists_stay_what_they_are(kube: Kube, value: list[Any] | None) -> None:
    """V2: absent inherits and [] is off, so neither may become the other on its way."""
    inline = {} if value is None else {"voices": value}
    spec = _spec(kube, assistant({"spec.voice.fallbackPlan": inline}))
    assert spec["voice"]["fallbackPlan"] == inline
    read = VoiceAssistantSpec.model_validate(spec).voice.fallback_plan
    assert read is not None
    assert (read.voices is None) == (value is None)
    assert read.model_dump(by_alias=True, exclude_none=True, mode="json") == inline


LISTS = {
    "voices": ("spec.voice", [{"provider": "cartesia", "voiceId": "v"}]),
    "transcribers": ("spec.transcriber", [{"provider": "deepgram", "language": "de"}]),
}


@pytest.mark.parametrize("field", LISTS)
def test_kubectl_apply_changes_one_into_the_other_and_back(
    kube: Kube, server: Server, tmp_path: Path, field: str
) -> None:
    """Its three-way merge takes a list away where it is gone, and leaves an empty one empty."""
    path, entries = LISTS[field]
    name = f"applied-{field}"
    written = tmp_path / "assistant.yaml"
    command = [server.programs / "kubectl", "--kubeconfig", server.kubeconfig, "--cache-dir", tmp_path / "cache"]
    for value in (None, entries, [], None, [], entries, None):
        inline = {} if value is None else {field: value}
        manifest = assistant({f"{path}.fallbackPlan": inline, "metadata.name": name})
        written.write_text(yaml.safe_dump(manifest))
        done = subprocess.run([*command, "apply", "-f", written], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        stored = kube.client.get(f"/apis/{API_VERSION}/namespaces/default/voiceassistants/{name}").json()["spec"]
        assert stored[path.removeprefix("spec.")]["fallbackPlan"] == inline
        read = getattr(VoiceAssistantSpec.model_validate(stored), path.removeprefix("spec.")).fallback_plan
        assert getattr(read, field) == (None if value is None else getattr(_plan_of(field, value), field))


def _plan_of(field: str, value: list[Any]) -> FallbackPlanSpec:
    return FallbackPlanSpec.model_validate({field: value})


@pytest.mark.parametrize("field", ["voices", "transcribers"])
def test_absent_and_empty_lists_of_a_plan_stay_what_they_are(kube: Kube, field: str) -> None:
    """The same for a shared plan."""
    empty = FallbackPlanSpec.model_validate(_spec(kube, plan({f"spec.{field}": []})))
    absent = FallbackPlanSpec.model_validate(_spec(kube, plan({})))
    assert getattr(empty, field) == ()
    assert getattr(absent, field) is None


def test_null_is_absent_and_never_empty(kube: Kube) -> None:
    """A null is pruned where an object is created, and refused where it is applied by the server: it is never []."""
    manifest = assistant({"spec.voice.fallbackPlan": {"voices": None}})
    assert kube.try_create(manifest).document["spec"]["voice"]["fallbackPlan"] == {}
    applied = _patch(kube, manifest)
    assert applied.says("spec.voice.fallbackPlan.voices", "must be of type array")


def test_tool_parameters_are_kept_as_written(kube: Kube) -> None:
    """Their schema is the model provider's business."""
    parameters = {"type": "object", "properties": {"day": {"type": "string", "x-mine": [1, {"deep": True}]}}}
    changes = {"spec.model.tools": [{"name": "book", "parameters": parameters}], "spec.server.url": "https://a.example"}
    assert _spec(kube, assistant(changes))["model"]["tools"][0]["parameters"] == parameters


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_are_accepted(kube: Kube, path: Path) -> None:
    """Everything in examples/ works as it is; patches on top of the front desk."""
    front_desk = yaml.safe_load((ROOT / "examples/20-front-desk.yaml").read_text())
    for written in yaml.safe_load_all(path.read_text()):
        document = written if "kind" in written else _merged(front_desk, written)
        if document["kind"] in PLURALS:
            answer = kube.try_create(edit(document, {"metadata.namespace": "default"}))
            assert answer.accepted, answer.causes


def _merged(base: Any, change: Any) -> Any:
    """A merge patch."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    return base | {key: _merged(base.get(key), value) for key, value in change.items()}


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("va", "A change to what callers hear becomes a revision"),
        ("va.spec.turnBudget", "From the caller's last word to the assistant's first"),
        ("va.spec.transcriber.eotThreshold", "deepgram Flux"),
        ("va.spec.transcriber.turnDetection", "Who finds the end of the caller's turn"),
        ("va.spec.transcriber.fallbackPlan.standby", "costs money at providers that bill by open time"),
        ("va.spec.compliance.hipaa", "only deepgram and azure may be fallback transcribers"),
        ("va.spec.voice.fallbackPlan.voices", "[]: no fallback"),
        ("va.spec.rollout.steps.setWeight", "Percent of new calls that go to the canary"),
        ("va.spec.model.deployments", "each request goes to the one that is fastest now"),
        ("va.spec.compliance.dataZones", "are refused where they are named"),
        ("fbp.spec.retries.timeout", "Longest wait for the first clause of one attempt"),
    ],
)
def test_kubectl_explains_fields(server: Server, kube: Kube, tmp_path: Path, field: str, words: str) -> None:
    """`kubectl explain` finds the kinds by short name and says what a field means."""
    del kube  # it has brought the CRDs
    command = [
        server.programs / "kubectl",
        "--kubeconfig",
        server.kubeconfig,
        "--cache-dir",
        tmp_path,
        "explain",
        field,
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert words in " ".join(said.split())
