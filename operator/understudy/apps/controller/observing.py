"""World and reports → what `advance` is told."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.base import milliseconds
from understudy.api.fallback_plan import FallbackPlanSpec
from understudy.api.rollout import DEFAULT_SLOS
from understudy.api.status import VoiceAssistantStatus
from understudy.apps.controller.world import World
from understudy.base.errors import InvalidInput
from understudy.domain import naming
from understudy.domain.calls.observation import ProxyReport
from understudy.domain.desired.choice import Choice, Era, choose_revision
from understudy.domain.desired.kinds import CONFIG_MAP, DEPLOYMENT, REVISION
from understudy.domain.desired.proxy import address
from understudy.domain.desired.revisions import StoredRevision, parse_revisions
from understudy.domain.desired.routing import parse_routing
from understudy.domain.desired.troubles import is_ready
from understudy.domain.revision.compliance import UNRESTRICTED, Restriction, in_force
from understudy.domain.revision.resolve import Resolution, resolve
from understudy.domain.rollout.inputs import AgentPods, Observation, ProxyPod, Request, Verb


def read_spec(world: World) -> VoiceAssistantSpec:
    """The assistant's spec.

    Raises:
        InvalidInput: it is not one that this version understands.
    """
    try:
        return VoiceAssistantSpec.model_validate(world.assistant.get("spec") or {})
    except ValidationError as error:
        raise _unreadable("spec", error) from error


def read_status(world: World) -> VoiceAssistantStatus:
    """The status as last written; a fresh one where there is none or it cannot be read."""
    try:
        return VoiceAssistantStatus.model_validate(world.assistant.get("status") or {})
    except ValidationError:
        return VoiceAssistantStatus()


def stored_revisions(world: World) -> tuple[StoredRevision, ...]:
    """The assistant's history, oldest first."""
    return parse_revisions(world.of_kind(REVISION))


def choose(
    world: World,
    spec: VoiceAssistantSpec,
    status: VoiceAssistantStatus,
    agent_image: str,
    installation: Restriction = UNRESTRICTED,
) -> Choice:
    """The revision that the spec asks for, where `installation` holds for every assistant.

    Raises:
        InvalidInput: what the assistant refers to is missing or wrong.
    """
    plan, prompt = _plan(world), _prompt(world, spec)
    rollout = status.rollout
    current = [each.name for each in (rollout.canary, rollout.stable, rollout.rejected) if each]

    def resolve_with(era: Era) -> Resolution:
        return resolve(spec, plan, prompt, era.agent_image, installation=installation, rules=era.rules)

    untouched = status.observed_generation == _generation(world)
    stored = stored_revisions(world)
    return choose_revision(world.owner, stored, resolve_with, agent_image, current, untouched=untouched)


def _generation(world: World) -> int:
    return int(world.assistant["metadata"].get("generation", 1))


def observe(
    world: World,
    status: VoiceAssistantStatus,
    spec: VoiceAssistantSpec | None,
    choice: Choice | InvalidInput,
    *,
    reports: Mapping[str, ProxyReport],
    departed: tuple[ProxyReport, ...],
    installation: Restriction = UNRESTRICTED,
) -> Observation:
    """Everything `advance` needs to know; `choice` is the desired revision, or why there is none."""
    owner, metadata = world.owner, world.assistant["metadata"]
    chosen = None if isinstance(choice, InvalidInput) else choice
    invalid = choice if isinstance(choice, InvalidInput) else None
    refused = chosen.refused if chosen else None
    document = parse_routing(world.find(CONFIG_MAP, naming.routing(owner.name)))
    observation = Observation(
        namespace=owner.namespace,
        assistant=owner.name,
        status=status,
        generation=_generation(world),
        desired=chosen.revision.reference(owner.name) if chosen else None,
        invalid=str(invalid) if invalid else "",
        invalid_reason=invalid.reason if invalid else "",
        warnings=chosen.warnings if chosen else (),
        unused=str(refused) if refused else "",
        unused_reason=refused.reason if refused else "",
        retired=chosen.retired if chosen else (),
        restricted=spec is None or in_force(spec.compliance, installation).on,
        proxies=_proxies(world, reports, departed),
        agents=_agents(world),
        requests=_requests(metadata.get("annotations") or {}),
        routing_generation=document.generation if document else 0,
        address=address(owner.namespace, owner.name),
    )
    return observation if spec is None else _with_policy(observation, spec)


def _with_policy(observation: Observation, spec: VoiceAssistantSpec) -> Observation:
    return replace(
        observation,
        policy=spec.rollout,
        slos=DEFAULT_SLOS if spec.slos is None else spec.slos,
        max_call_s=milliseconds(spec.capacity.max_call_duration) / 1000,
    )


def _plan(world: World) -> FallbackPlanSpec | None:
    if world.plan is None:
        return None
    try:
        return FallbackPlanSpec.model_validate(world.plan.get("spec") or {})
    except ValidationError as error:
        raise _unreadable(f"FallbackPlan {world.plan['metadata']['name']}", error) from error


def _prompt(world: World, spec: VoiceAssistantSpec) -> str | None:
    source = spec.model.system_prompt_from
    if source is None or world.prompt is None:
        return None
    text = (world.prompt.get("data") or {}).get(source.config_map_key_ref.key)
    return None if text is None else str(text)


def _proxies(
    world: World, reports: Mapping[str, ProxyReport], departed: tuple[ProxyReport, ...]
) -> tuple[ProxyPod, ...]:
    there = [
        ProxyPod(each["metadata"]["name"], is_ready(each), reports.get(each["metadata"]["name"]))
        for each in world.pods_of("proxy")
    ]
    return (*there, *(ProxyPod(report.pod, ready=False, report=report) for report in departed))


def _agents(world: World) -> dict[str, AgentPods]:
    pods = world.pods_of("agent")
    agents = {}
    for deployment in world.of_kind(DEPLOYMENT):
        digest = deployment["metadata"]["labels"].get(naming.LABEL_AGENT)
        if digest is None:
            continue
        ready = sum(is_ready(pod) for pod in pods if pod["metadata"]["labels"].get(naming.LABEL_AGENT) == digest)
        wanted = int((deployment.get("spec") or {}).get("replicas") or 0)
        agents[deployment["metadata"]["name"]] = AgentPods(ready=ready, wanted=wanted)
    return agents


def _requests(annotations: Mapping[str, Any]) -> tuple[Request, ...]:
    found = ((verb, annotations.get(f"{naming.GROUP}/{verb.value}")) for verb in Verb)
    return tuple(Request(verb, str(value)) for verb, value in found if value)


def _unreadable(what: str, error: ValidationError) -> InvalidInput:
    first = error.errors()[0]
    path = ".".join([what, *(str(part) for part in first["loc"])])
    return InvalidInput(path, str(first["msg"]))
