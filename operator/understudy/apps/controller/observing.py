"""World and reports → what `advance` is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.base import milliseconds
from understudy.api.fallback_plan import FallbackPlanSpec
from understudy.api.rollout import DEFAULT_SLOS
from understudy.api.status import VoiceAssistantStatus
from understudy.apps.controller.golden import NONE, Golden
from understudy.apps.controller.world import World
from understudy.base.errors import InvalidInput
from understudy.domain import naming
from understudy.domain.calls.observation import ProxyReport
from understudy.domain.desired.choice import Choice, Era, choose_revision
from understudy.domain.desired.kinds import CONFIG_MAP, DEPLOYMENT
from understudy.domain.desired.proxy import address
from understudy.domain.desired.routing import parse_routing
from understudy.domain.desired.troubles import failing, is_ready
from understudy.domain.revision.compliance import UNRESTRICTED, Restriction, in_force
from understudy.domain.revision.quality import resolve_quality
from understudy.domain.revision.resolve import Resolution, resolve
from understudy.domain.rollout.inputs import AgentPods, Observation, ProxyPod, Request, Verb
from understudy.domain.slo.query import Sample


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known besides the objects in the cluster."""

    reports: Mapping[str, ProxyReport] = field(default_factory=dict)
    """By pod."""
    departed: tuple[ProxyReport, ...] = ()
    """Of processes that are gone and left something to count."""
    golden: Golden = NONE
    samples: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)
    """By the name of the SLO."""
    wait: str = ""
    """Why no rollout may start now."""


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
    stored = world.stored()
    return choose_revision(world.owner, stored, resolve_with, agent_image, current, untouched=untouched)


def _generation(world: World) -> int:
    return int(world.assistant["metadata"].get("generation", 1))


def observe(
    world: World,
    status: VoiceAssistantStatus,
    spec: VoiceAssistantSpec | None,
    choice: Choice | InvalidInput,
    *,
    heard: Heard,
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
        proxies=_proxies(world, heard),
        agents=_agents(world),
        requests=_requests(metadata.get("annotations") or {}),
        golden=heard.golden.calls,
        golden_error=heard.golden.error,
        history=tuple(each.reference(owner.name) for each in world.stored()),
        samples=heard.samples,
        plan=plan_in_force(world)[0],
        wait=heard.wait,
        quality=document.quality if document else None,
        routing_generation=document.generation if document else 0,
        address=address(owner.namespace, owner.name),
    )
    return observation if spec is None else _with_policy(observation, spec, installation)


def _with_policy(observation: Observation, spec: VoiceAssistantSpec, installation: Restriction) -> Observation:
    quality, _ = resolve_quality(spec, installation)
    return replace(
        observation,
        policy=spec.rollout,
        quality=quality,
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


def plan_in_force(world: World) -> tuple[str, int]:
    """The FallbackPlan as `NAME@GENERATION`, and how many may roll a change of it out at once; ("", 0) without one."""
    if world.plan is None:
        return "", 0
    metadata, spec = world.plan["metadata"], world.plan.get("spec") or {}
    limit = spec.get("maxConcurrentRollouts")
    limit = limit if isinstance(limit, int) else FallbackPlanSpec().max_concurrent_rollouts
    return f"{metadata['name']}@{metadata.get('generation', 1)}", limit


def _prompt(world: World, spec: VoiceAssistantSpec) -> str | None:
    source = spec.model.system_prompt_from
    if source is None or world.prompt is None:
        return None
    text = (world.prompt.get("data") or {}).get(source.config_map_key_ref.key)
    return None if text is None else str(text)


def _proxies(world: World, heard: Heard) -> tuple[ProxyPod, ...]:
    there = [
        ProxyPod(each["metadata"]["name"], is_ready(each), heard.reports.get(each["metadata"]["name"]))
        for each in world.pods_of("proxy")
    ]
    return (*there, *(ProxyPod(report.pod, ready=False, report=report, gone=True) for report in heard.departed))


def _agents(world: World) -> dict[str, AgentPods]:
    pods = world.pods_of("agent")
    agents = {}
    for deployment in world.of_kind(DEPLOYMENT):
        digest = deployment["metadata"]["labels"].get(naming.LABEL_AGENT)
        if digest is None:
            continue
        its = [pod for pod in pods if pod["metadata"]["labels"].get(naming.LABEL_AGENT) == digest]
        agents[deployment["metadata"]["name"]] = AgentPods(
            ready=sum(map(is_ready, its)),
            wanted=int((deployment.get("spec") or {}).get("replicas") or 0),
            failing=failing(its),
        )
    return agents


def _requests(annotations: Mapping[str, Any]) -> tuple[Request, ...]:
    """Each `ID` or `ID/ARGUMENT`."""
    found = ((verb, str(annotations.get(f"{naming.GROUP}/{verb.value}") or "").partition("/")) for verb in Verb)
    return tuple(Request(verb, id_, argument) for verb, (id_, _, argument) in found if id_)


def _unreadable(what: str, error: ValidationError) -> InvalidInput:
    first = error.errors()[0]
    path = ".".join([what, *(str(part) for part in first["loc"])])
    return InvalidInput(path, str(first["msg"]))
