"""Which objects an assistant should own now, from its spec and the status that was just decided."""

from collections.abc import Iterable, Mapping
from typing import Any

from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.pods import PodTemplate
from understudy.api.status import Revision, RolloutStatus, VoiceAssistantStatus
from understudy.apps.controller.settings import Images
from understudy.apps.controller.world import World
from understudy.domain.desired.plan import Wanted
from understudy.domain.desired.proxy import UNSHARED, SharedState
from understudy.domain.desired.revisions import StoredRevision
from understudy.domain.rollout.inputs import Request
from understudy.domain.rollout.routing import kept_warm
from understudy.domain.routing.document import QualityOrder


def in_play(rollout: RolloutStatus) -> tuple[Revision, ...]:
    """The revisions that calls may be on, or that have to be able to take them at once.

    Not the one that the spec asks for as such: while it waits in line or was rejected nobody speaks through it, and its
    agent pods would stand there for nothing.
    """
    undone = rollout.undo.revision if rollout.undo else None
    references = (rollout.stable, rollout.canary, kept_warm(rollout), undone, *rollout.retained)
    return tuple(each for each in references if each)


def revisions_in_play(status: VoiceAssistantStatus) -> frozenset[str]:
    """Object names of the revisions that calls may be on."""
    return frozenset(each.object_name for each in in_play(status.rollout))


def agents_in_play(status: VoiceAssistantStatus) -> frozenset[str]:
    """Agent Services that calls may be on."""
    return frozenset(each.agent_service for each in in_play(status.rollout))


def revisions_kept(
    status: VoiceAssistantStatus,
    history: Iterable[StoredRevision],
    desired: StoredRevision | None,
    requests: Iterable[Request],
) -> frozenset[str]:
    """Object names of revisions that do not expire however old they are.

    Besides those in play: what the spec asks for, what was rejected and may be retried, and what `undo` goes back to,
    by itself or because a request that is not answered yet names it.
    """
    rollout = status.rollout
    named = {each.argument for each in requests if each.argument}
    named |= {each.name for each in (rollout.previous, rollout.rejected) if each}
    kept = {each.object_name for each in history if each.name in named}
    return revisions_in_play(status) | kept | ({desired.object_name} if desired else set())


def make_wanted(
    world: World,
    spec: VoiceAssistantSpec,
    status: VoiceAssistantStatus,
    *,
    history: tuple[StoredRevision, ...],
    images: Images,
    shared_state: SharedState = UNSHARED,
    quality: QualityOrder | None = None,
) -> Wanted | None:
    """What the objects are made from; None while there is no revision at all to make them for."""
    names = revisions_in_play(status)
    playing = tuple(each for each in history if each.object_name in names)
    if not playing:
        return None
    return Wanted(
        owner=world.owner,
        in_play=playing,
        history=history,
        proxy_image=images.proxy,
        proxy_pull_policy=images.proxy_pull_policy,
        proxy_replicas=spec.proxy.replicas,
        proxy_template=_template(spec.proxy.template),
        shared_state=shared_state,
        scoring_secrets=_secrets(quality),
        agent_pull_policy=images.agent_pull_policy,
        agent_replicas=spec.agent.replicas.min,
    )


def _secrets(quality: QualityOrder | None) -> tuple[str, ...]:
    """Of the judge's account and of the webhook."""
    account = quality.judge_account.secret if quality and quality.judge_account else None
    webhook = quality.webhook.secret_ref if quality and quality.webhook else None
    return tuple(each for each in (account, webhook.name if webhook else None) if each)


def _template(template: PodTemplate | None) -> dict[str, Any]:
    return template.model_dump(mode="json", by_alias=True, exclude_none=True) if template else {}


def pods_to_watch(pods: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Name → IP of the proxies that can answer, those on their way out too: their calls still count."""
    found = {}
    for pod in pods:
        status = pod.get("status") or {}
        if status.get("podIP") and status.get("phase") == "Running":
            found[pod["metadata"]["name"]] = status["podIP"]
    return found
