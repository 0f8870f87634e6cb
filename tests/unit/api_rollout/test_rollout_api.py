"""What users write about rollouts, and what they read back."""

import pytest
from pydantic import TypeAdapter, ValidationError

from understudy.api.rollout import DEFAULT_SLOS, DEFAULT_STEPS, OnRegression, RolloutSpec, Slo, Slos
from understudy.api.status import Phase, RolloutStatus, Transition, VoiceAssistantStatus

WRITTEN = {
    "steps": [{"setWeight": 5}, {"pause": {"duration": "2m"}}, {"setWeight": 50}],
    "minCalls": 30,
    "onRegression": "Pause",
    "falseRollbackPercent": 0.5,
}


def test_a_policy_reads_as_it_is_written() -> None:
    policy = RolloutSpec.model_validate(WRITTEN)
    assert policy.steps is not None
    assert [step.set_weight for step in policy.steps] == [5, None, 50]
    assert (policy.on_regression, policy.false_rollback_percent) == (OnRegression.PAUSE, 0.5)
    assert policy.model_dump(by_alias=True, exclude_unset=True, mode="json") == WRITTEN


def test_without_a_policy_few_callers_meet_the_canary_first() -> None:
    """Defaults are safe to use as they are."""
    assert RolloutSpec().steps is None
    assert [step.set_weight for step in DEFAULT_STEPS] == [10, 50]
    assert RolloutSpec().on_regression is OnRegression.ROLLBACK


def test_default_slos_need_nothing_that_a_call_may_lack() -> None:
    """An SLO over tool calls would wait for ever where there are no tools."""
    assert [slo.name for slo in DEFAULT_SLOS] == ["turn-latency", "dropped", "quality"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"minCalls": 0},
        {"steps": []},
        {"steps": [{"setWeight": 101}]},
        {"falseRollbackPercent": 50},
        {"falsePromotionPercent": 0},
    ],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RolloutSpec.model_validate(wrong)


def test_the_rules_name_what_they_check() -> None:
    """CEL itself is tried on a real API server; here only that each object carries its rules."""
    messages = [rule.message for rule in RolloutSpec.rules]
    assert any(message.startswith("weights never go down") for message in messages)
    assert Slo.rules[0].message == "write exactly one of latency, ratio, score, prometheus"


def test_slos_are_a_list_by_name() -> None:
    slos = TypeAdapter(Slos).validate_python([{"name": "q", "score": {"signal": "Quality", "minPercent": 80}}])
    assert slos[0].score is not None
    assert slos[0].score.margin_percent == 5.0


def test_status_survives_its_own_json() -> None:
    """Also the field whose name is a word of Python."""
    line = Transition(at="2026-01-01T00:00:00.000Z", from_=Phase.STABLE, to=Phase.PREPARING, reason="Revised")
    status = VoiceAssistantStatus(rollout=RolloutStatus(phase=Phase.PREPARING, history=(line,)))
    written = status.model_dump_json(by_alias=True, exclude_none=True)
    assert '"from":"Stable"' in written
    assert VoiceAssistantStatus.model_validate_json(written) == status
