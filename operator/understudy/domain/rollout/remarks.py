"""What is valid and may surprise (V4, T5), and what is named in vain: kept in the status, told once each as Events."""

from understudy.api.status import MAX_WARNINGS, ConditionStatus, VoiceAssistantStatus
from understudy.domain.rollout.inputs import Event, EventType, Observation
from understudy.domain.rollout.shortening import shortened


def kept(seen: Observation) -> tuple[str, ...]:
    """The sentences for the status. While there is no valid revision, those of the last one stay."""
    if seen.desired is None:
        return seen.status.warnings
    return tuple(shortened(each) for each in (*seen.retired, *seen.warnings))[:MAX_WARNINGS]


def new(seen: Observation) -> tuple[Event, ...]:
    """An Event for each sentence that the status does not have yet, and for a list that is no longer used."""
    known = set(seen.status.warnings)
    told = [
        (each, "ProviderRetired" if index < len(seen.retired) else "Warning") for index, each in enumerate(kept(seen))
    ]
    events = [Event(EventType.WARNING, reason, each) for each, reason in told if each not in known]
    if seen.unused and not _told(seen):
        events.append(Event(EventType.WARNING, seen.unused_reason, seen.unused))
    return tuple(events)


def _told(seen: Observation) -> bool:
    plan = next((each for each in seen.status.conditions if each.type == "PlanValid"), None)
    return plan is not None and plan.message == shortened(seen.unused)


TOLD = frozenset({"TrafficTooLow", "SpecRejected"})
"""Conditions that are worth an Event when they become true: nothing moves before someone knows."""


def turned_true(before: VoiceAssistantStatus, after: VoiceAssistantStatus) -> tuple[Event, ...]:
    """An Event for each of `TOLD` that holds now and did not."""
    held = {each.type for each in before.conditions if each.status is ConditionStatus.TRUE}
    now = [each for each in after.conditions if each.status is ConditionStatus.TRUE and each.type in TOLD - held]
    return tuple(Event(EventType.WARNING, each.type, each.message) for each in now)
