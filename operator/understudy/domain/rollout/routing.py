"""The state of a rollout as the document the proxies act on."""

from collections.abc import Iterable, Sequence

from understudy.api.compliance import FIT
from understudy.api.rollout import Slo, Step
from understudy.api.status import Phase, Revision, RolloutStatus, VoiceAssistantStatus
from understudy.base.digest import short_digest
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.inputs import Observation
from understudy.domain.rollout.table import JUDGED, WARM
from understudy.domain.rollout.times import to_seconds
from understudy.domain.routing.document import PeerKey, ReplayOrder, Rescue, RevisionRef, RoutingDocument


def routing_document(seen: Observation, status: VoiceAssistantStatus) -> RoutingDocument:
    """The routing document of `status`, which has been written already. The same status gives the same document."""
    rollout = status.rollout
    return _content(seen, rollout).model_copy(
        update={"generation": rollout.generation, "lease_expires_at": to_seconds(rollout.lease_expires_at)}
    )


def content_digest(seen: Observation, rollout: RolloutStatus) -> str:
    """Names what the document says besides its generation and lease.

    Proxies ignore a document that is not newer than theirs, so whatever changes this asks for a new generation; part of
    it (golden calls, ceilings, scores) comes from the spec and is nowhere else in the status.
    """
    return short_digest(_content(seen, rollout).to_json())


def shadow_percent(rollout: RolloutStatus, steps: Sequence[Step]) -> int:
    """Percent of stable's new calls that are mirrored to the canary: during a shadow step, and not while paused."""
    step = _step(rollout, steps)
    if rollout.phase is not Phase.CANARY or rollout.canary is None or step is None or step.shadow is None:
        return 0
    return step.shadow.percent


def ceilings(slos: Iterable[Slo]) -> tuple[Slo, ...]:
    """Those that no canary may pass, whatever stable does; what is only tried out stops nobody."""
    return tuple(slo for slo in slos if not slo.dry_run and _has_ceiling(slo))


def kept_warm(rollout: RolloutStatus) -> Revision | None:
    """Stable's predecessor, while it may have to take over at once."""
    return rollout.previous if rollout.phase in WARM else None


def _content(seen: Observation, rollout: RolloutStatus) -> RoutingDocument:
    return RoutingDocument(
        namespace=seen.namespace,
        assistant=seen.assistant,
        generation=0,
        stable=_ref(rollout.stable),
        canary=_ref(rollout.canary),
        canary_weight=rollout.weight,
        canary_since=to_seconds(rollout.started_at) if rollout.canary else 0.0,
        rejected=tuple(each.name for each in rollout.retained if each.rejected),
        rescue=Rescue(rollout.rescue.value),
        fallback_transcribers=FIT if rollout.restricted else None,
        retained=_retained(rollout),
        peers=tuple(PeerKey(key_id=each.key_id, public_key=each.public_key) for each in rollout.peers),
        replay=_replay(seen, rollout),
        shadow_percent=shadow_percent(rollout, stepping.steps_of(seen.policy)),
        ceilings=ceilings(seen.slos) if rollout.canary else (),
        quality=seen.quality,
    )


def _retained(rollout: RolloutStatus) -> tuple[RevisionRef, ...]:
    """Revisions of live calls, and the one before stable while it is kept warm: proxies hold its snapshot ready."""
    kept: dict[str, Revision] = {each.name: each for each in rollout.retained}
    warm = kept_warm(rollout)
    if warm and not (rollout.stable and rollout.stable.name == warm.name):
        kept.setdefault(warm.name, warm)
    return tuple(ref for each in kept.values() if (ref := _ref(each)))


def _replay(seen: Observation, rollout: RolloutStatus) -> ReplayOrder | None:
    """Withdrawn as soon as it is over: whoever still plays then stops."""
    replay, step = rollout.replay, _step(rollout, stepping.steps_of(seen.policy))
    if rollout.phase not in JUDGED or replay is None or replay.done or replay.error or not seen.golden:
        return None
    if step is None or step.replay is None or rollout.pause_reason == "ReplayFailed":
        return None
    return ReplayOrder(id=replay.id, pod=replay.pod, calls=seen.golden)


def _step(rollout: RolloutStatus, steps: Sequence[Step]) -> Step | None:
    return steps[rollout.step_index] if rollout.step_index < len(steps) else None


def _has_ceiling(slo: Slo) -> bool:
    limited = slo.latency or slo.ratio
    if limited:
        return limited.ceiling_percent is not None
    return slo.score is not None and slo.score.floor_percent is not None


def _ref(revision: Revision | None) -> RevisionRef | None:
    if revision is None:
        return None
    return RevisionRef(name=revision.name, object_name=revision.object_name, agent_service=revision.agent_service)
