"""An outage of both arms, from when it is first seen until it is over: nobody's fault, and someone wants to know."""

from understudy.api.evidence import Incident
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.inputs import Event, EventType
from understudy.domain.rollout.shortening import shortened
from understudy.domain.rollout.table import JUDGED
from understudy.domain.rollout.times import to_text


def noticed(facts: Facts) -> tuple[Incident | None, tuple[Event, ...]]:
    """The incident that is open now, and the Event of its beginning or end."""
    before, bad = facts.rollout.incident, facts.outage
    if facts.phase in JUDGED and bad:
        if before:
            return before, ()
        message = shortened(f"{bad.slo}: {bad.message}")
        return Incident(since=to_text(facts.now), slo=bad.slo, message=message), (
            Event(EventType.WARNING, "IncidentOpened", f"both arms miss an objective, so nobody is blamed: {message}"),
        )
    if before is None:
        return None, ()
    return None, (
        Event(EventType.NORMAL, "IncidentResolved", f"{before.slo}: {_end(facts)}; open since {before.since}"),
    )


def _end(facts: Facts) -> str:
    if facts.phase in JUDGED:
        return "an arm meets its objective again"
    return f"nobody is compared any more (phase {facts.phase})"
