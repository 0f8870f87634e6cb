"""What the user wrote → what the proxies act on: one assistant with its plan, names followed, defaults filled in."""

from dataclasses import dataclass

from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.base import milliseconds
from understudy.api.fallback_plan import FallbackPlanSpec
from understudy.base.errors import InvalidInput
from understudy.domain.revision import automatic, chains, compliance, models, pool_cautions
from understudy.domain.revision.compliance import UNRESTRICTED, Restriction
from understudy.domain.revision.directory import Directory
from understudy.domain.revision.snapshot import Agent, Snapshot, Webhook


@dataclass(frozen=True, slots=True)
class Resolution:
    """The revision an assistant asks for."""

    snapshot: Snapshot
    warnings: tuple[str, ...] = ()
    """Sentences about a plan that is valid but may surprise; each begins with the field's path."""
    refused: InvalidInput | None = None
    """Why a list of fallbacks is not used, though everything else is."""
    retired: tuple[str, ...] = ()
    """Sentences about what is named and never asked, because its provider is gone."""


def resolve(
    spec: VoiceAssistantSpec,
    plan: FallbackPlanSpec | None,
    prompt: str | None,
    agent_image: str,
    *,
    installation: Restriction = UNRESTRICTED,
    rules: automatic.Rules = automatic.NOW,
) -> Resolution:
    """The content of the revision that `spec` asks for.

    Args:
        spec: the assistant.
        plan: the FallbackPlan it refers to; None when it refers to none, or there is none.
        prompt: content of the ConfigMap key it refers to; None when it refers to none, or there is none.
        agent_image: the agent image used where the assistant names none.
        installation: HIPAA or PCI for every assistant of the installation.
        rules: by which other accounts take over.

    Raises:
        InvalidInput: what the assistant refers to is missing or does not fit.
    """
    zones = spec.compliance.data_zones if spec.compliance else None
    restriction = compliance.in_force(spec.compliance, installation)
    source = chains.Source(spec, _plan(spec, plan), Directory(spec.accounts, zones), restriction, rules)
    ears, mouths = chains.transcribers(source), chains.voices(source)
    model = models.model(source, _prompt(spec, prompt))
    asked = {target.account for target in (*model.targets, *model.fallbacks)}
    accounts = source.directory.used(asked | {t.account for t in ears.chain} | {v.account for v in mouths.chain})
    snapshot = Snapshot(
        accounts=accounts,
        model=model,
        transcribers=ears.chain,
        voices=mouths.chain,
        turn_budget_ms=milliseconds(spec.turn_budget),
        webhook=_webhook(spec),
        agent=_agent(spec, agent_image),
        max_call_duration_ms=milliseconds(spec.capacity.max_call_duration),
        standby=chains.standby(source),
        handover=spec.voice.handover,
    )
    about_model = pool_cautions.about_model(source, model, accounts)
    return Resolution(snapshot, (*about_model, *ears.warnings, *mouths.warnings), ears.refused, mouths.retired)


def _plan(spec: VoiceAssistantSpec, plan: FallbackPlanSpec | None) -> FallbackPlanSpec:
    if spec.fallback_plan_ref is None:
        return FallbackPlanSpec()
    if plan is None:
        message = f"there is no FallbackPlan {spec.fallback_plan_ref.name} in this namespace; create it"
        raise InvalidInput("spec.fallbackPlanRef.name", message, "FallbackPlanNotFound")
    return plan


def _prompt(spec: VoiceAssistantSpec, content: str | None) -> str:
    if spec.model.system_prompt is not None:
        return spec.model.system_prompt
    if content is None:
        source = spec.model.system_prompt_from
        wanted = f"{source.config_map_key_ref.name}, key {source.config_map_key_ref.key}" if source else "the prompt"
        message = f"there is no ConfigMap {wanted} in this namespace; create it, or write systemPrompt"
        raise InvalidInput("spec.model.systemPromptFrom.configMapKeyRef", message, "SystemPromptNotFound")
    return content


def _webhook(spec: VoiceAssistantSpec) -> Webhook | None:
    server = spec.server
    if server is None:
        return None
    secret = server.secret_ref.name if server.secret_ref else None
    return Webhook(url=server.url, timeout_ms=milliseconds(server.timeout), secret=secret)


def _agent(spec: VoiceAssistantSpec, default_image: str) -> Agent:
    agent = spec.agent
    template = agent.template.model_dump(mode="json", by_alias=True, exclude_none=True) if agent.template else {}
    return Agent(
        image=agent.image or default_image,
        template=template,
        calls_per_agent=spec.capacity.calls_per_agent,
        end_of_turn=agent.end_of_turn.strategy,
        end_of_turn_silence_ms=milliseconds(agent.end_of_turn.silence),
    )
