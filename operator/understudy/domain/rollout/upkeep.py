"""What is kept up to date whatever the phase: acknowledgements, leases, revisions kept for live calls, generation."""

from collections.abc import Sequence

from understudy.api.status import MAX_PEERS, Peer, RetainedRevision, RolloutStatus
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.inputs import Event, EventType, Observation
from understudy.domain.rollout.rules import UNDER_WAY
from understudy.domain.rollout.table import JUDGED
from understudy.domain.rollout.times import to_seconds, to_text
from understudy.domain.routing.document import LEASE_S, RENEW_S


def notice(facts: Facts) -> tuple[RolloutStatus, tuple[Event, ...]]:
    """The state after what can be seen without deciding anything, and the event of a weight acknowledged."""
    rollout, now = facts.rollout, to_text(facts.now)
    changes: dict[str, object] = {
        "ready_proxies": facts.ready_proxies,
        "acked_proxies": facts.acked_proxies,
        "rescue": facts.seen.policy.rescue,
        "restricted": facts.seen.restricted,
        "retained": tuple(each for each in rollout.retained if _still_needed(each, facts)),
        "peers": known_peers(rollout.peers, facts.seen),
    }
    if facts.acknowledged:
        changes["acked_weight"] = rollout.weight
    events: tuple[Event, ...] = ()
    if facts.acknowledged and rollout.phase in JUDGED and rollout.acked_since is None:
        changes["acked_since"] = now
        events = _acknowledged(facts)
    late = rollout.phase in UNDER_WAY and not facts.canary_ready
    changes["not_ready_since"] = (rollout.not_ready_since or now) if late else None
    return rollout.model_copy(update=changes), events


def _acknowledged(facts: Facts) -> tuple[Event, ...]:
    rollout = facts.rollout
    if rollout.canary is None or rollout.weight == rollout.acked_weight:
        return ()
    message = f"{facts.acked_proxies} proxies send {rollout.weight} % of new calls to {rollout.canary.name}"
    return (Event(EventType.NORMAL, "WeightAcknowledged", message),)


def _still_needed(revision: RetainedRevision, facts: Facts) -> bool:
    """Until no call can be on it: every proxy says so under the newest document, or the longest call is over."""
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


def lease(rollout: RolloutStatus, now: float) -> str | None:
    """Until when the canary's weight holds: renewed in time, and put right when the clock was set back."""
    if rollout.phase not in JUDGED or rollout.canary is None or rollout.weight == 0:
        return None
    ends = to_seconds(rollout.lease_expires_at)
    fresh = now + (LEASE_S - RENEW_S) < ends <= now + LEASE_S
    return rollout.lease_expires_at if fresh else to_text(now + LEASE_S)


def renewal_at(rollout: RolloutStatus) -> float | None:
    """When the lease is to be renewed; None without one."""
    if rollout.lease_expires_at is None:
        return None
    return to_seconds(rollout.lease_expires_at) - (LEASE_S - RENEW_S)


def generation(before: RolloutStatus, after: RolloutStatus, in_cluster: int) -> int:
    """The routing document's generation: one more whenever its content differs from the one before, never less.

    Args:
        before: the state as last written.
        after: the state now, its lease included.
        in_cluster: of the document the proxies have; above ours only when status was lost.
    """
    if in_cluster > before.generation:
        return in_cluster + 1
    shortened = to_seconds(after.lease_expires_at) < to_seconds(before.lease_expires_at)
    return before.generation + (shortened or _content(before) != _content(after))


def _content(rollout: RolloutStatus) -> tuple[object, ...]:
    retained = tuple((each.name, each.rejected) for each in rollout.retained)
    return (rollout.stable, rollout.canary, rollout.weight, rollout.rescue, rollout.restricted, retained, rollout.peers)
