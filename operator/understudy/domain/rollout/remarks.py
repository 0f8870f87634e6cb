"""What is valid and may surprise (V4, T5), and what is named in vain: kept in the status, told once each as Events."""

from understudy.api.status import MAX_WARNINGS
from understudy.domain.rollout.apply import shortened
from understudy.domain.rollout.inputs import Event, EventType, Observation


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
