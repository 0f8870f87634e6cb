"""What is kept up to date whatever the phase: acknowledgements, leases, revisions kept for live calls, generation."""

from collections.abc import Sequence

from understudy.api.status import MAX_PEERS, MAX_RETAINED, Peer, PendingUndo, Phase, RetainedRevision, RolloutStatus
from understudy.domain.rollout import incidents, line, replaying, traffic, undoing
from understudy.domain.rollout.facts import Facts, same
from understudy.domain.rollout.inputs import Event, EventType, Observation
from understudy.domain.rollout.routing import content_digest, shadow_percent
from understudy.domain.rollout.shortening import shortened
from understudy.domain.rollout.table import JUDGED, UNDER_WAY, WARM
from understudy.domain.rollout.times import to_seconds, to_text
from understudy.domain.routing.document import LEASE_S, RENEW_S


def notice(facts: Facts) -> tuple[RolloutStatus, tuple[Event, ...]]:
    """The state after what can be seen without deciding anything, and the Events of it."""
    rollout, now = facts.rollout, to_text(facts.now)
    pending = undoing.pending(facts)
    incident, events = incidents.noticed(facts)
    changes: dict[str, object] = {
        "ready_proxies": facts.ready_proxies,
        "acked_proxies": facts.acked_proxies,
        "rescue": facts.seen.policy.rescue,
        "restricted": facts.seen.restricted,
        "retained": _retained(facts, pending),
        "peers": known_peers(rollout.peers, facts.seen),
        "undo": pending,
        "replay": replaying.ordered(facts),
        "incident": incident,
        "not_ready_since": (rollout.not_ready_since or now) if _late(facts) else None,
        **_in_line(facts),
    }
    if facts.acknowledged:
        changes["acked_weight"] = rollout.weight
    if facts.acknowledged and rollout.phase in JUDGED and rollout.acked_since is None:
        changes["acked_since"] = now
        events = (*events, *_acknowledged(facts))
    noticed = rollout.model_copy(update=changes)
    return noticed.model_copy(update={"enough_at": traffic.enough_at(Facts(facts.seen, noticed, facts.now))}), events


def _late(facts: Facts) -> bool:
    """Whether the pods of what is judged are not ready."""
    if facts.phase is Phase.BAKING:
        return not facts.agents_of(facts.rollout.stable).enough
    return facts.phase in UNDER_WAY and not facts.canary_ready


def _in_line(facts: Facts) -> dict[str, object]:
    """What the plan's other assistants go by: whether this one waits, and which state of the plan it has taken in."""
    rollout, seen = facts.rollout, facts.seen
    if starts_a_rollout(facts):
        return {"queued": shortened(seen.wait)}
    moved_on = line.plan_changed(rollout.plan, seen.plan)
    back = facts.phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK)
    return {"queued": "", "plan": seen.plan, "for_plan": rollout.for_plan and not (moved_on and back)}


def starts_a_rollout(facts: Facts) -> bool:
    """Whether the spec asks for what neither serves nor is under way nor was rejected."""
    rollout, desired = facts.rollout, facts.seen.desired
    if desired is None or rollout.stable is None or facts.phase is Phase.INITIALIZING:
        return False
    known = (rollout.stable, rollout.canary)
    rejected = rollout.rejected is not None and rollout.rejected.name == desired.name
    return not rejected and not any(same(each, desired) for each in known)


def _retained(facts: Facts, pending: PendingUndo | None) -> tuple[RetainedRevision, ...]:
    """The revisions that live calls may be on, that may take over at once, or that are to serve again."""
    kept = tuple(each for each in facts.rollout.retained if _still_needed(each, facts, pending))
    if pending is None or pending.revision.name in {each.name for each in kept}:
        return kept
    until = to_text(facts.now + facts.seen.max_call_s)
    revived = RetainedRevision(**pending.revision.model_dump(), until=until)
    return (*kept, revived)[-MAX_RETAINED:]


def _acknowledged(facts: Facts) -> tuple[Event, ...]:
    rollout = facts.rollout
    if rollout.canary is None or rollout.weight == rollout.acked_weight:
        return ()
    message = f"{facts.acked_proxies} proxies send {rollout.weight} % of new calls to {rollout.canary.name}"
    return (Event(EventType.NORMAL, "WeightAcknowledged", message),)


def _still_needed(revision: RetainedRevision, facts: Facts, pending: PendingUndo | None) -> bool:
    """Until no call can be on it: every proxy says so under the newest document, or the longest call is over.

    The one before stable is kept warm while it may have to take over, calls or not; so is what an undo waits for.
    """
    warm = facts.rollout.previous if facts.phase in WARM else None
    if revision.name in {each.name for each in (warm, pending and pending.revision) if each}:
        return True
    if facts.now >= to_seconds(revision.until):
        return False
    reports = [pod.report for pod in facts.seen.proxies]
    if not reports:
        return True
    return any(
        report is None or report.generation < facts.rollout.generation or report.live_calls.get(revision.name, 0) > 0
        for report in reports
    )


def known_peers(peers: Sequence[Peer], seen: Observation) -> tuple[Peer, ...]:
    """The keys of all proxies heard of, those that are gone first: their calls may come back to another proxy."""
    reports = sorted((pod.report for pod in seen.proxies if pod.report), key=lambda report: report.pod)
    heard = {each.key_id: Peer(key_id=each.key_id, public_key=each.public_key) for each in reports if each.public_key}
    known = {each.key_id for each in peers}
    merged = [*(heard.get(each.key_id, each) for each in peers)]
    merged += [peer for key_id, peer in heard.items() if key_id not in known]
    if len(merged) > MAX_PEERS:
        merged.sort(key=lambda peer: peer.key_id in heard)
    return tuple(merged[-MAX_PEERS:])


def lease(facts: Facts) -> str | None:
    """Until when the canary's weight and its mirrored turns hold: renewed in time, shortened with the clock."""
    rollout, now = facts.rollout, facts.now
    asked = rollout.weight > 0 or shadow_percent(rollout, facts.steps) > 0
    if rollout.phase not in JUDGED or rollout.canary is None or not asked:
        return None
    ends = to_seconds(rollout.lease_expires_at)
    fresh = now + (LEASE_S - RENEW_S) < ends <= now + LEASE_S
    return rollout.lease_expires_at if fresh else to_text(now + LEASE_S)


def renewal_at(rollout: RolloutStatus) -> float | None:
    """When the lease is to be renewed; None without one."""
    if rollout.lease_expires_at is None:
        return None
    return to_seconds(rollout.lease_expires_at) - (LEASE_S - RENEW_S)


def published(before: RolloutStatus, facts: Facts) -> RolloutStatus:
    """The state with the number of the document that tells it: one more whenever its content differs, never less.

    Args:
        before: the state as last written.
        facts: of the state now, its lease included.
    """
    after, in_cluster = facts.rollout, facts.seen.routing_generation
    document = content_digest(facts.seen, after)
    shorter = to_seconds(after.lease_expires_at) < to_seconds(before.lease_expires_at)
    generation = before.generation + (shorter or document != before.document)
    if in_cluster > before.generation:
        generation = in_cluster + 1
    return after.model_copy(update={"document": document, "generation": generation})
