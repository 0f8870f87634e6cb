"""Which arm a new call takes, and which revision a call in progress is served by."""

import hashlib

from understudy.domain.routing.document import Arm, Rescue, RevisionRef, RoutingDocument

_BUCKETS = 10_000


def bucket(call_id: str, salt: str) -> int:
    """A number in [0, 10000) that is uniform over calls and the same on every replica.

    The canary's name is the salt: the callers who met the last canary are not the ones who meet the next.
    """
    value = hashlib.blake2b(f"{salt}/{call_id}".encode(), digest_size=8).digest()
    return int.from_bytes(value) % _BUCKETS


def effective_weight(document: RoutingDocument, now: float) -> int:
    """Percent of new calls for the canary at `now`: zero without a canary or once the lease is over."""
    if document.canary is None or now >= document.lease_expires_at:
        return 0
    return document.canary_weight


def effective_shadow(document: RoutingDocument, now: float) -> int:
    """Percent of stable's new calls that are mirrored at `now`: zero without a canary or once the lease is over."""
    if document.canary is None or document.stable is None or now >= document.lease_expires_at:
        return 0
    return 0 if document.canary.name in document.rejected else document.shadow_percent


def is_mirrored(document: RoutingDocument, call_id: str, now: float) -> bool:
    """Whether the canary's model is asked the same as stable's in this call of stable's.

    Drawn apart from the arm, so that who is mirrored says nothing about who meets the canary later.
    """
    percent = effective_shadow(document, now)
    if not percent or document.canary is None:
        return False
    return bucket(call_id, f"shadow/{document.canary.name}") * 100 < percent * _BUCKETS


def choose_arm(document: RoutingDocument, call_id: str, now: float) -> tuple[Arm, RevisionRef] | None:
    """The arm of a new call, chosen once; None while the assistant has no stable revision."""
    if document.stable is None:
        return None
    weight = effective_weight(document, now)
    if document.canary and bucket(call_id, document.canary.name) * 100 < weight * _BUCKETS:
        return (Arm.CANARY, document.canary)
    return (Arm.STABLE, document.stable)


def must_rescue(document: RoutingDocument, revision: str) -> bool:
    """Whether a call on `revision` is to be served by stable from its next turn."""
    return document.rescue is Rescue.NEXT_TURN and revision in document.rejected and document.stable is not None
