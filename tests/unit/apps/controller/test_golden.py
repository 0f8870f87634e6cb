"""Golden calls come from a ConfigMap: read when a replay wants them, understood once, bounded, explained if wrong."""

from typing import Any

import pytest

from tests.unit.apps.controller.stage import SPEC
from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.status import Phase, RolloutStatus, VoiceAssistantStatus
from understudy.apps.controller import golden
from understudy.apps.controller.golden import MAX_BYTES, GoldenReader, parse, wanted
from understudy.apps.controller.ports import Key

KEY = Key("shop", "front-desk")
CALL = "turns: [{say: Are you open, expect: {contains: [until ten]}}]"


def config_map(version: int = 1, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": "golden", "uid": "u", "resourceVersion": str(version)}, "data": data}


@pytest.mark.parametrize(
    ("phase", "step", "name"),
    [
        (Phase.PREPARING, 0, "golden"),
        (Phase.CANARY, 0, "golden"),
        (Phase.PAUSED, 0, "golden"),
        (Phase.CANARY, 1, None),
        (Phase.CANARY, 2, None),
        (Phase.STABLE, 0, None),
        (Phase.ROLLED_BACK, 0, None),
    ],
)
def test_they_are_wanted_while_their_step_is_under_way(phase: Phase, step: int, name: str | None) -> None:
    steps = [{"replay": {"callsRef": {"name": "golden"}}}, {"setWeight": 10}]
    spec = VoiceAssistantSpec.model_validate({**SPEC, "rollout": {"steps": steps}})
    assert wanted(spec, VoiceAssistantStatus(rollout=RolloutStatus(phase=phase, step_index=step))) == name


def test_each_key_is_a_call() -> None:
    found = parse("golden", {"b": CALL, "a": CALL})
    assert [each.name for each in found.calls] == ["a", "b"]
    assert found.error == ""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "0 golden calls"),
        ({"a": "turns: ["}, "no YAML"),
        ({"a": "turns: [{say: Hello, expect: {contain: [x]}}]"}, "a.turns.0.expect.contain"),
        ({"a": CALL + " # " + "x" * MAX_BYTES}, "256 KiB are allowed"),
    ],
    ids=["none", "no YAML", "a misspelt expectation", "too large"],
)
def test_what_is_wrong_is_said_with_the_name_of_the_config_map(data: dict[str, str], words: str) -> None:
    found = parse("golden", data)
    assert found.calls == ()
    assert "ConfigMap golden" in found.error
    assert words in found.error


def test_what_grows_when_it_is_understood_is_bounded_too() -> None:
    """The routing document holds the calls as JSON, in which short turns take more than in YAML."""
    call = "turns:\n" + "- say: x\n" * 30 + f"tools: {{menu: '{'a' * 4800}'}}"
    data = {f"call-{number}": call for number in range(50)}
    assert sum(map(len, data.values())) < MAX_BYTES
    assert "256 KiB are allowed" in parse("golden", data).error


async def test_one_version_is_understood_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    real = golden.parse
    monkeypatch.setattr(golden, "parse", lambda name, data: parsed.append(name) or real(name, data))
    reader = GoldenReader()
    for version in (1, 1, 2):
        assert (await reader.read(KEY, "golden", config_map(version, a=CALL))).calls
    assert len(parsed) == 2


async def test_one_that_is_missing_is_said_to_be() -> None:
    found = await GoldenReader().read(KEY, "golden", None)
    assert found.error == "there is no ConfigMap golden in this namespace; create it, or name another"
