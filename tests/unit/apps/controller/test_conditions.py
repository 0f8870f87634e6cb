"""What the reconciler finds, laid over what the rollout says; and when a status is worth writing."""

from typing import Any

import pytest

from understudy.api.status import Condition, ConditionStatus, VoiceAssistantStatus
from understudy.apps.controller.conditions import MAX_MESSAGE, Findings, credential_problems, with_findings
from understudy.apps.controller.pacing import INTERVAL_S, Pacer
from understudy.apps.controller.ports import Key
from understudy.base.clock import ManualClock
from understudy.domain.calls.observation import CredentialProblem, ProxyReport

KEY = Key("n", "a")
BEFORE, NOW = "2026-01-01T00:00:00.000Z", 1_700_000_000.0
PROBLEM = CredentialProblem.model_validate(
    {"account": "openai", "secret": "keys", "reason": "MissingKey", "message": "Secret keys has no apiKey"}
)


def condition(kind: str, holds: str, reason: str = "R", message: str = "m", at: str = BEFORE) -> Condition:
    return Condition(type=kind, status=ConditionStatus(holds), last_transition_time=at, reason=reason, message=message)


def status(*conditions: Condition) -> VoiceAssistantStatus:
    return VoiceAssistantStatus(conditions=conditions)


def found(decided: VoiceAssistantStatus, stored: VoiceAssistantStatus, **findings: Any) -> dict[str, Condition]:
    result = with_findings(decided, stored, Findings(**findings), 3, NOW)
    return {each.type: each for each in result.conditions}


@pytest.mark.parametrize(
    ("findings", "reason", "words"),
    [
        ({}, "AsExpected", ""),
        ({"credentials": (PROBLEM,)}, "MissingKey", "account openai, Secret keys: Secret keys has no apiKey"),
        ({"pods": ("pod p: ErrImagePull",)}, "PodsFailing", "pod p: ErrImagePull"),
        ({"refused": ("quota",), "credentials": (PROBLEM,)}, "WriteRefused", "quota"),
        ({"refused": ("x" * 9999,)}, "WriteRefused", "x" * MAX_MESSAGE),
    ],
)
def test_degraded_says_the_most_useful_thing(findings: dict[str, Any], reason: str, words: str) -> None:
    calm = status(condition("Degraded", "False", "AsExpected", ""))
    degraded = found(calm, calm, **findings)["Degraded"]
    assert (degraded.reason, degraded.message) == (reason, words)
    assert (degraded.status is ConditionStatus.TRUE) is bool(findings)


def test_an_outage_is_not_hidden_by_a_smaller_trouble() -> None:
    outage = status(condition("Degraded", "True", "BothArmsBad", "all calls fail"))
    assert found(outage, outage, credentials=(PROBLEM,))["Degraded"].reason == "BothArmsBad"


def test_what_is_awaited_is_explained_by_what_keeps_the_pods() -> None:
    decided = status(condition("Ready", "False", message="no agent is ready"), condition("Progressing", "True"))
    result = found(decided, decided, pods=("pod p: ErrImagePull",))
    assert result["Ready"].message == "no agent is ready (pod p: ErrImagePull)"
    assert "ErrImagePull" in result["Progressing"].message


def test_a_condition_that_is_well_is_not_explained() -> None:
    decided = status(condition("Ready", "True", message="serving"), condition("Progressing", "False"))
    result = found(decided, decided, pods=("pod p: ErrImagePull",))
    assert (result["Ready"].message, result["Progressing"].message) == ("serving", "m")


def test_the_time_of_a_transition_stays_while_the_status_stays() -> None:
    """Also when the rollout says False each time and the findings turn it True each time."""
    stored = status(condition("Degraded", "True", "MissingKey"))
    decided = status(condition("Degraded", "False", at="2026-06-01T00:00:00.000Z"))
    assert found(decided, stored, credentials=(PROBLEM,))["Degraded"].last_transition_time == BEFORE
    calm = status(condition("Degraded", "False"))
    assert found(calm, calm, credentials=(PROBLEM,))["Degraded"].last_transition_time.startswith("2023-11-14T")


def test_two_proxies_with_the_same_problem_are_one_problem() -> None:
    reports = [ProxyReport(pod=pod, boot_id=pod, generation=1, problems=(PROBLEM,)) for pod in ("a", "b")]
    assert credential_problems(reports) == (PROBLEM,)


OLD: dict[str, Any] = {
    "phase": "Canary",
    "weight": 5,
    "rollout": {"judges": [1], "readings": [{"slo": "a", "value": 1}]},
}


@pytest.mark.parametrize(
    ("new", "at_once"),
    [
        ({**OLD, "weight": 25}, True),
        ({**OLD, "phase": "Paused"}, True),
        ({**OLD, "conditions": [{"type": "Ready", "status": "True"}]}, True),
        ({**OLD, "rollout": {**OLD["rollout"], "readings": [{"slo": "a", "value": 1, "verdict": "Fail"}]}}, True),
        ({**OLD, "rollout": {**OLD["rollout"], "judges": [2], "cursors": [1], "canaryCalls": 9}}, False),
        ({**OLD, "rollout": {**OLD["rollout"], "readings": [{"slo": "a", "value": 2, "evidence": 3}]}}, False),
    ],
    ids=["weight", "phase", "condition", "verdict", "sums and cursors", "reading"],
)
def test_numbers_wait_and_what_anyone_sees_does_not(new: dict[str, Any], at_once: Any) -> None:
    clock = ManualClock()
    pacer = Pacer(clock)
    pacer.wrote(KEY)
    assert pacer.wait_s(KEY, OLD, new) == (0.0 if at_once else INTERVAL_S)
    clock.advance(INTERVAL_S)
    assert pacer.wait_s(KEY, OLD, new) == 0.0
    assert pacer.wait_s(KEY, OLD, OLD) is None
