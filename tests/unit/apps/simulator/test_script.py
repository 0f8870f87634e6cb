"""The script file: what it accepts, and how a change at run time is laid over it."""

from pathlib import Path

import pytest

import understudy.apps.simulator as package
from understudy.apps.simulator.script import FaultKind, Persona, load, merged, parse
from understudy.base.errors import InvalidInput


def test_the_demos_script_has_the_models_that_the_demo_switches_between() -> None:
    """Good, slow, poor, and good in other words, and a judge; every account asks for its key."""
    script = load(Path(package.__file__).parent / "demo.yaml")
    models = script.deployments["openai"].models
    assert {name: model.persona for name, model in models.items()} == {
        "maitre": Persona.GOOD,
        "maitre-2": Persona.OTHER_WORDS,
        "maitre-slow": Persona.GOOD,
        "maitre-cheap": Persona.POOR,
        "judge": Persona.JUDGE,
    }
    assert models["maitre-slow"].first_ms == 1800
    assert all(deployment.api_keys for deployment in script.deployments.values())


@pytest.mark.parametrize(
    "document",
    [
        {"deployments": {"a": {"apikeys": ["x"]}}},
        {"deployments": {"a": {"faults": [{"kind": "explode"}]}}},
        {"deployments": {"a": {"faults": [{"kind": "hang", "probability": 1.5}]}}},
        {"deployments": {"a": {"transcriber": {"recogniser": "Magic"}}}},
        ["no object"],
    ],
)
def test_what_is_not_a_script_is_refused(document: object) -> None:
    """A misspelt field is an error, never ignored."""
    with pytest.raises(InvalidInput):
        parse(document)


def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "broken.yaml"
    path.write_text("{")
    with pytest.raises(InvalidInput, match=r"broken\.yaml"):
        load(path)


def test_a_change_merges_objects_and_replaces_lists() -> None:
    """One model's latency changes, the other models stay; the list of faults is a new one."""
    before = parse({"deployments": {"a": {"faults": [{"kind": "hang"}]}}}).deployments["a"]
    after = merged(before, {"models": {"maitre": {"firstMs": 900}}, "faults": [{"kind": "cut", "at": 2}]})
    assert after.models["maitre"].first_ms == 900
    assert after.models["maitre-slow"] == before.models["maitre-slow"]
    assert [fault.kind for fault in after.faults] == [FaultKind.CUT]
    assert before.models["maitre"].first_ms == 150


@pytest.mark.parametrize("change", [{"fault": []}, {"faults": "hang"}, [], 3])
def test_a_change_that_makes_no_sense_is_refused(change: object) -> None:
    """Nothing is ignored."""
    with pytest.raises(InvalidInput):
        merged(parse({"deployments": {"a": {}}}).deployments["a"], change)
