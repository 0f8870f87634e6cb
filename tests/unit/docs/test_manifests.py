"""What the documentation tells users to apply is what the API takes."""

import itertools
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from tests.unit.docs.pages import PAGES, ROOT, fences, name
from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.base import ApiModel
from understudy.api.crds import definitions
from understudy.api.fallback_plan import FallbackPlanSpec
from understudy.domain import naming
from understudy.domain.rollout.inputs import Verb

KINDS: dict[str, type[ApiModel]] = {"VoiceAssistant": VoiceAssistantSpec, "FallbackPlan": FallbackPlanSpec}

FRONT_DESK: dict[str, Any] = yaml.safe_load((ROOT / "examples/20-front-desk.yaml").read_text())["spec"]

SCHEMAS: dict[str, dict[str, Any]] = {
    crd["spec"]["names"]["kind"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    for crd in definitions().values()
}


def unknown(document: Any, schema: dict[str, Any], path: str = "spec") -> Iterator[str]:
    """Fields of `document` that the schema does not have; the models ignore them, the API server warns or refuses."""
    if isinstance(document, list):
        for each in document:
            yield from unknown(each, schema.get("items", {}), f"{path}[]")
    elif isinstance(document, dict) and (known := schema.get("properties")):
        for key, value in document.items():
            if key not in known:
                yield f"{path}.{key}"
            else:
                yield from unknown(value, known[key], f"{path}.{key}")


def check(kind: str, spec: dict[str, Any]) -> None:
    """Fail when `spec` has unknown fields or values that the model of `kind` does not take."""
    assert list(unknown(spec, SCHEMAS[kind])) == []
    KINDS[kind].model_validate(spec)


def manifests(text: str) -> Iterator[dict[str, Any]]:
    """Objects of our kinds in the page's YAML blocks."""
    for language, content in fences(text):
        if language in ("yaml", "yml"):
            documents = (each for each in yaml.safe_load_all(content) if isinstance(each, dict))
            yield from (each for each in documents if each.get("kind") in KINDS)


def commands(text: str) -> Iterator[list[str]]:
    """Every kubectl command in the page's blocks, as words, up to the end of the line or the next command."""
    for _, content in fences(text):
        for line in content.replace("\\\n", " ").splitlines():
            for part in re.findall(r"(?:^|\$ |&& |\$\()(kubectl [^#|)&>]*)", line):
                yield shlex.split(part.replace("$ ", ""))


def merged(before: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """`before` after a JSON merge patch."""
    after = dict(before)
    for key, value in patch.items():
        after[key] = merged(after.get(key) or {}, value) if isinstance(value, dict) else value
    return {key: value for key, value in after.items() if value is not None}


def wrong(words: list[str]) -> str | None:
    """What is wrong with a kubectl command: a file that is not there, a field or a request that does not exist."""
    for option, value in itertools.pairwise(words):
        if option in ("-f", "--patch-file") and value != "-" and not (ROOT / value).exists():
            return f"{value} does not exist"
        if option == "-p":
            check("VoiceAssistant", merged(FRONT_DESK, json.loads(value)["spec"]))
    for verb in re.findall(rf"{re.escape(naming.GROUP)}/(\w+)=", " ".join(words)):
        if verb not in set(Verb):
            return f"{verb} is no request"
    return None


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_manifests_have_only_fields_that_exist(page: Path) -> None:
    """Of our API group and version, and valid as the models say."""
    for manifest in manifests(page.read_text()):
        assert manifest["apiVersion"] == naming.API_VERSION
        check(manifest["kind"], manifest["spec"])


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_name_files_fields_and_requests_that_exist(page: Path) -> None:
    """Whoever copies them gets no error that the page does not show."""
    assert [f"{shlex.join(words)}: {fault}" for words in commands(page.read_text()) if (fault := wrong(words))] == []


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.yaml")), ids=name)
def test_examples_have_only_fields_that_exist(path: Path) -> None:
    """Patches too, on top of the assistant that they are for."""
    for document in yaml.safe_load_all(path.read_text()):
        if document.get("kind") in KINDS:
            check(document["kind"], document["spec"])
        elif "kind" not in document:
            check("VoiceAssistant", merged(FRONT_DESK, document["spec"]))


def test_the_tutorial_shows_commands_and_patches() -> None:
    """The tests above look at something."""
    found = list(commands((ROOT / "docs/tutorial.md").read_text()))
    assert len(found) > 10
    assert sum("-p" in words for words in found) >= 2
    assert sum("annotate" in words for words in found) >= 4


@pytest.mark.parametrize(
    "words",
    [
        ["kubectl", "apply", "-f", "no-such-file.yaml"],
        ["kubectl", "annotate", "va", "x", "understudy.dev/explode=1"],
    ],
)
def test_a_wrong_command_is_found(words: list[str]) -> None:
    """So that the tests above can fail."""
    assert wrong(words)


def test_a_wrong_field_is_found() -> None:
    """In a patch and in a manifest, by name and by value."""
    with pytest.raises(AssertionError, match="turnBudgte"):
        wrong(["kubectl", "patch", "-p", '{"spec":{"turnBudgte":"1s"}}'])
    text = f"```yaml\napiVersion: {naming.API_VERSION}\nkind: FallbackPlan\nspec: {{voices: [alloy]}}\n```\n"
    (manifest,) = manifests(text)
    with pytest.raises(ValidationError):
        check(manifest["kind"], manifest["spec"])
