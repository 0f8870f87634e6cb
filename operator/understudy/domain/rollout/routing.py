"""The state of a rollout as the document the proxies act on."""

from understudy.api.compliance import FIT
from understudy.api.status import Revision, VoiceAssistantStatus
from understudy.domain.rollout.inputs import Observation
from understudy.domain.rollout.times import to_seconds
from understudy.domain.routing.document import PeerKey, Rescue, RevisionRef, RoutingDocument


def routing_document(seen: Observation, status: VoiceAssistantStatus) -> RoutingDocument:
    """The routing document of `status`, which has been written already. The same status gives the same document."""
    rollout = status.rollout
    return RoutingDocument(
        namespace=seen.namespace,
        assistant=seen.assistant,
        generation=rollout.generation,
        stable=_ref(rollout.stable),
        canary=_ref(rollout.canary),
        canary_weight=rollout.weight,
        lease_expires_at=to_seconds(rollout.lease_expires_at),
        rejected=tuple(each.name for each in rollout.retained if each.rejected),
        rescue=Rescue(rollout.rescue.value),
        fallback_transcribers=FIT if rollout.restricted else None,
        retained=tuple(ref for each in rollout.retained if (ref := _ref(each))),
        peers=tuple(PeerKey(key_id=each.key_id, public_key=each.public_key) for each in rollout.peers),
    )


def _ref(revision: Revision | None) -> RevisionRef | None:
    if revision is None:
        return None
    return RevisionRef(name=revision.name, object_name=revision.object_name, agent_service=revision.agent_service)
