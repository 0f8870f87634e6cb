"""What may surprise is kept in the status and told once each as an Event (V4)."""

from dataclasses import replace

from tests.unit.domain.rollout.world import ref
from understudy.api.status import MAX_WARNINGS, VoiceAssistantStatus
from understudy.domain.rollout import remarks
from understudy.domain.rollout.advance import advance
from understudy.domain.rollout.inputs import Event, EventType, Observation

SAME, TONGUE, GONE = "spec.a: also openai", "spec.b: de, but en", "spec.c: playht was shut down"
NOW = 1_700_000_000.0


def seen(*warnings: str, status: VoiceAssistantStatus | None = None, **more: object) -> Observation:
    observation = Observation("n", "a", status or VoiceAssistantStatus(), desired=ref("one"), warnings=warnings)
    return replace(observation, **more)  # type: ignore[arg-type]


def test_each_sentence_is_told_once() -> None:
    first = advance(seen(SAME, TONGUE), NOW)
    assert first.status.warnings == (SAME, TONGUE)
    told = [event for event in first.events if event.type is EventType.WARNING]
    assert told == [Event(EventType.WARNING, "Warning", SAME), Event(EventType.WARNING, "Warning", TONGUE)]
    assert remarks.new(seen(SAME, TONGUE, status=first.status)) == ()
    assert [event.message for event in remarks.new(seen(SAME, "spec.d: new", status=first.status))] == ["spec.d: new"]


def test_what_no_longer_holds_is_forgotten_and_told_again_when_it_comes_back() -> None:
    first = advance(seen(SAME), NOW).status
    without = advance(seen(status=first), NOW).status
    assert without.warnings == ()
    assert [event.message for event in remarks.new(seen(SAME, status=without))] == [SAME]


def test_while_the_spec_is_invalid_nothing_is_forgotten() -> None:
    """Else each mistake in a spec would tell all of it again."""
    first = advance(seen(SAME), NOW).status
    invalid = seen(status=first, desired=None, invalid="spec.model: wrong")
    assert advance(invalid, NOW).status.warnings == (SAME,)
    assert remarks.new(invalid) == ()


def test_a_provider_that_is_gone_is_told_under_its_own_reason() -> None:
    decision = advance(seen(SAME, retired=(GONE,)), NOW)
    told = [(event.reason, event.message) for event in decision.events if event.type is EventType.WARNING]
    assert told == [("ProviderRetired", GONE), ("Warning", SAME)]
    conditions = {each.type: each for each in decision.status.conditions}
    assert conditions["ProviderRetired"].message == GONE
    assert "ProviderRetired" not in {each.type for each in advance(seen(SAME), NOW).status.conditions}


def test_a_list_that_is_not_used_is_told_once_and_makes_the_plan_invalid() -> None:
    """While the revision without it goes on."""
    why = {"unused": "FallbackPlan x spec.transcribers[0].provider: no", "unused_reason": "ComplianceNotAllowed"}
    first = advance(seen(**why), NOW)
    assert [event.reason for event in first.events if event.type is EventType.WARNING] == ["ComplianceNotAllowed"]
    conditions = {each.type: each for each in first.status.conditions}
    assert (conditions["PlanValid"].status.value, conditions["PlanValid"].reason) == ("False", "ComplianceNotAllowed")
    assert conditions["Stalled"].status.value == "False"
    assert remarks.new(seen(status=first.status, **why)) == ()


def test_the_status_stays_small() -> None:
    many = tuple(f"spec.x{n}: {'long ' * 500}" for n in range(100))
    kept = advance(seen(*many), NOW).status.warnings
    assert len(kept) == MAX_WARNINGS
    assert max(map(len, kept)) <= 1000
