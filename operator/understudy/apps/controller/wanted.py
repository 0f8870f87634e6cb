"""Which objects an assistant should own now, from its spec and the status that was just decided."""

from collections.abc import Iterable, Mapping
from typing import Any

from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.pods import PodTemplate
from understudy.api.status import VoiceAssistantStatus
from understudy.apps.controller.settings import Images
from understudy.apps.controller.world import World
from understudy.domain.desired.plan import Wanted
from understudy.domain.desired.proxy import UNSHARED, SharedState
from understudy.domain.desired.revisions import StoredRevision


def revisions_in_play(status: VoiceAssistantStatus) -> frozenset[str]:
    """Object names of the revisions that calls may be on."""
    rollout = status.rollout
    references = (rollout.stable, rollout.canary, *rollout.retained)
    return frozenset(each.object_name for each in references if each)


def agents_in_play(status: VoiceAssistantStatus) -> frozenset[str]:
    """Agent Services that calls may be on."""
    rollout = status.rollout
    references = (rollout.stable, rollout.canary, *rollout.retained)
    return frozenset(each.agent_service for each in references if each)


def make_wanted(
    world: World,
    spec: VoiceAssistantSpec,
    status: VoiceAssistantStatus,
    *,
    history: tuple[StoredRevision, ...],
    desired: StoredRevision | None,
    images: Images,
    shared_state: SharedState = UNSHARED,
) -> Wanted | None:
    """What the objects are made from; None while there is no revision at all to make them for."""
    names = set(revisions_in_play(status))
    rejected = status.rollout.rejected
    if desired and not (rejected and rejected.name == desired.name):
        names.add(desired.object_name)
    in_play = tuple(each for each in history if each.object_name in names)
    if not in_play:
        return None
    return Wanted(
        owner=world.owner,
        in_play=in_play,
        history=history,
        proxy_image=images.proxy,
        proxy_pull_policy=images.proxy_pull_policy,
        proxy_replicas=spec.proxy.replicas,
        proxy_template=_template(spec.proxy.template),
        shared_state=shared_state,
        agent_pull_policy=images.agent_pull_policy,
        agent_replicas=spec.agent.replicas.min,
    )


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
