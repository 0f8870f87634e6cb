"""The CRDs: up to date, within what the API server takes, and fit for `kubectl explain` and `kubectl get`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from understudy.api.crds import definitions, main, render

ROOT = Path(__file__).resolve().parents[3]
DEFINITIONS = definitions()
FOLDERS = ("crds", "helm/understudy/files/crds")

REFUSED_KEYWORDS = {"$ref", "$defs", "anyOf", "oneOf", "allOf", "const", "title", "prefixItems", "exclusiveMinimum"}

ANNOTATION_LIMIT = 262_144
"""Bytes of an object that client-side `kubectl apply` can keep in its annotation."""


def nodes(path: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema within `schema`."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(f"{path}.{name}", child)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from nodes(f"{path}[]", schema[key])


def parts(part: str) -> list[tuple[str, dict[str, Any]]]:
    """Every schema of every kind's spec or status."""
    found = []
    for name, document in DEFINITIONS.items():
        (version,) = document["spec"]["versions"]
        properties = version["schema"]["openAPIV3Schema"]["properties"]
        if part in properties:  # a fallback plan has no status
            found += nodes(f"{name}.{part}", properties[part])
    return found


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_files_are_what_the_models_say(folder: str, name: str) -> None:
    """`make generate` brings them up to date."""
    assert (ROOT / folder / f"{name}.yaml").read_text() == render(DEFINITIONS[name])


@pytest.mark.parametrize("folder", FOLDERS)
def test_there_is_a_file_for_every_kind_and_no_other(folder: str) -> None:
    """A kind that is gone must not be installed."""
    assert sorted(path.stem for path in (ROOT / folder).glob("*.yaml")) == sorted(DEFINITIONS)


@pytest.mark.parametrize("part", ["spec", "status"])
def test_schemas_are_structural(part: str) -> None:
    """One type for each value and none of the keywords that the API server refuses or ignores."""
    for path, schema in parts(part):
        assert not REFUSED_KEYWORDS & schema.keys(), path
        assert schema.get("type") or schema.get("x-kubernetes-int-or-string"), path


def test_everything_users_write_is_bounded() -> None:
    """CEL's cost is estimated from the largest object that the schema allows."""
    for path, schema in parts("spec"):
        match schema.get("type"):
            case "string":
                assert "maxLength" in schema or "enum" in schema, path
            case "array":
                assert "maxItems" in schema, path
            case "object" if "additionalProperties" in schema:
                assert "maxProperties" in schema, path


def test_every_field_is_described() -> None:
    """`kubectl explain` has something to say."""
    for path, schema in parts("spec"):
        for name, child in schema.get("properties", {}).items():
            assert child.get("description"), f"{path}.{name}"


def test_lists_say_how_they_merge() -> None:
    """Entries with names merge by them, others are replaced as a whole, so that order and emptiness survive."""
    kinds = {path: schema["x-kubernetes-list-type"] for path, schema in parts("spec") if schema.get("type") == "array"}
    for path in ("accounts", "model.deployments", "model.tools", "slos", "agent.template.env"):
        assert kinds[f"voiceassistants.spec.{path}"] == "map", path
    for path in ("voice.fallbackPlan.voices", "transcriber.fallbackPlan.transcribers", "rollout.steps"):
        assert kinds[f"voiceassistants.spec.{path}"] == "atomic", path


def test_a_status_has_no_defaults() -> None:
    """The API server would fill them in behind the operator's back."""
    assert [path for path, schema in parts("status") if "default" in schema] == []


def test_kubectl_get_shows_the_rollout() -> None:
    """The columns, in order, and the short names."""
    columns = DEFINITIONS["voiceassistants"]["spec"]["versions"][0]["additionalPrinterColumns"]
    shown = [column["name"] for column in columns if column["priority"] == 0]
    assert shown == ["READY", "PHASE", "STEP", "WEIGHT", "VERDICT", "STABLE", "CANARY", "AGE"]
    names = {name: document["spec"]["names"]["shortNames"] for name, document in DEFINITIONS.items()}
    assert names == {"voiceassistants": ["va"], "fallbackplans": ["fbp"]}


def test_columns_read_fields_that_exist() -> None:
    """A column with a typing error stays empty for ever."""
    for name, document in DEFINITIONS.items():
        known = {path.removeprefix(name) for path, _ in parts("status") if path.startswith(name)}
        for column in document["spec"]["versions"][0]["additionalPrinterColumns"]:
            path = column["jsonPath"]
            if path.startswith(".status.") and "conditions" not in path:
                assert path in known, path


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_kubectl_can_apply_the_definition(name: str) -> None:
    """Without --server-side, too."""
    assert len(yaml.safe_dump(DEFINITIONS[name])) < ANNOTATION_LIMIT


def test_the_command_writes_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`understudy crds --write DIR --reference FILE`."""
    monkeypatch.setattr(sys, "argv", ["crds", "--write", str(tmp_path / "a"), "--reference", str(tmp_path / "b/r.md")])
    assert main() == 0
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["fallbackplans.yaml", "voiceassistants.yaml"]
    assert (tmp_path / "b/r.md").read_text().startswith("# API reference")


def test_the_command_prints(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`understudy crds | kubectl apply -f -`."""
    monkeypatch.setattr(sys, "argv", ["crds"])
    assert main() == 0
    printed = list(yaml.safe_load_all(capsys.readouterr().out))
    assert printed == list(DEFINITIONS.values())
