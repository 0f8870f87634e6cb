"""The chains of a revision: transcribers, voices and model targets, in the order they are tried."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.fallback_plan import FallbackPlanSpec, PlanAutoFallback
from understudy.api.transcriber import SETTINGS, FallbackTranscriber, TranscriberFallbackPlan
from understudy.api.voice import FallbackVoice, VoiceFallbackPlan
from understudy.base.errors import InvalidInput
from understudy.domain.revision import cautions, defaults
from understudy.domain.revision.directory import Directory
from understudy.domain.revision.precedence import Wanted, choose
from understudy.domain.revision.snapshot import ModelTarget, Transcriber, Voice


@dataclass(frozen=True, slots=True)
class Source:
    """What a revision is resolved from."""

    spec: VoiceAssistantSpec
    plan: FallbackPlanSpec
    """Empty where the assistant refers to none."""
    directory: Directory

    @property
    def plan_field(self) -> str:
        """How a complaint names the plan."""
        reference = self.spec.fallback_plan_ref
        return f"FallbackPlan {reference.name if reference else ''} spec"


def transcribers(source: Source) -> tuple[tuple[Transcriber, ...], tuple[str, ...]]:
    """The transcribers in order, and what to warn about.

    Raises:
        InvalidInput: an account that is not there.
    """
    first = source.spec.transcriber
    own, switches = first.fallback_plan or TranscriberFallbackPlan(), source.plan.auto_fallback or PlanAutoFallback()
    chosen = choose(
        Wanted(own.transcribers, own.auto_fallback.enabled if own.auto_fallback else None),
        Wanted(source.plan.transcribers, switches.transcriber),
        default=False,
    )
    root = source.plan_field if chosen.from_plan else "spec.transcriber.fallbackPlan"
    chain, warnings = [_transcriber(source, "spec.transcriber", first)], list[str]()
    for index, entry in enumerate(chosen.entries):
        field = f"{root}.transcribers[{index}]"
        chain.append(_transcriber(source, field, entry))
        warnings += cautions.about_transcriber(field, first, entry)
    if chosen.automatic:
        used = {each.account for each in chain}
        others = [a for a in source.directory.with_provider(defaults.TRANSCRIBER_PROVIDERS) if a.name not in used]
        chain += [_automatic_transcriber(chain[0], account.name, account.provider) for account in others]
        warnings.append(cautions.about_automatic("spec.transcriber.fallbackPlan.autoFallback", others))
    return tuple(chain), tuple(warnings)


def _transcriber(source: Source, field: str, wanted: FallbackTranscriber) -> Transcriber:
    _check_built(field, wanted.provider, defaults.TRANSCRIBER_PROVIDERS)
    account = source.directory.find(field, wanted.account, (wanted.provider,))
    values = wanted.model_dump(mode="json", by_alias=True, exclude_none=True, include=set(SETTINGS[wanted.provider]))
    return Transcriber(
        account=account.name,
        provider=wanted.provider,
        model=wanted.model or defaults.TRANSCRIBER_MODEL[wanted.provider],
        language=cautions.language_of(wanted),
        settings=values,
    )


def _automatic_transcriber(first: Transcriber, account: str, provider: str) -> Transcriber:
    """Another account hears what the first was to hear: as the first does where the provider is the same."""
    if provider == first.provider:
        return first.model_copy(update={"account": account})
    model = defaults.TRANSCRIBER_MODEL[provider]
    return Transcriber(account=account, provider=provider, model=model, language=first.language)


def voices(source: Source) -> tuple[tuple[Voice, ...], tuple[str, ...]]:
    """The voices in order, and what to warn about.

    Raises:
        InvalidInput: an account that is not there.
    """
    first = source.spec.voice
    own, switches = first.fallback_plan or VoiceFallbackPlan(), source.plan.auto_fallback or PlanAutoFallback()
    chosen = choose(
        Wanted(own.voices, own.auto_fallback.enabled if own.auto_fallback else None),
        Wanted(source.plan.voices, switches.voice),
        default=True,
    )
    root = source.plan_field if chosen.from_plan else "spec.voice.fallbackPlan"
    chain, warnings = [_voice(source, "spec.voice", first)], list[str]()
    for index, entry in enumerate(chosen.entries):
        field = f"{root}.voices[{index}]"
        chain.append(_voice(source, field, entry))
        warnings += cautions.about_voice(field, first, entry)
    if chosen.automatic:
        chain += _automatic_voices(source, chain)
    return tuple(chain), tuple(warnings)


def _voice(source: Source, field: str, wanted: FallbackVoice) -> Voice:
    _check_built(field, wanted.provider, defaults.VOICE_PROVIDERS)
    account = source.directory.find(field, wanted.account, (wanted.provider,))
    return Voice(
        account=account.name,
        provider=wanted.provider,
        voice_id=wanted.voice_id,
        model=wanted.model or defaults.VOICE_MODEL[wanted.provider],
        language=wanted.language,
    )


def _automatic_voices(source: Source, chain: list[Voice]) -> Iterator[Voice]:
    """One voice for each account not tried yet, another provider's first: an outage is mostly a provider's."""
    first, used = chain[0], {voice.account for voice in chain}
    others = [a for a in source.directory.with_provider(defaults.VOICE_PROVIDERS) if a.name not in used]
    for account in sorted(others, key=lambda other: other.provider == first.provider):
        if account.provider == first.provider:
            yield first.model_copy(update={"account": account.name})
        else:
            yield Voice(
                account=account.name,
                provider=account.provider,
                voice_id=defaults.VOICE_ID[account.provider],
                model=defaults.VOICE_MODEL[account.provider],
                language=first.language,
            )


def _check_built(field: str, provider: str, built: frozenset[str]) -> None:
    """The API refuses others at apply; an object from a newer operator could still have one."""
    if provider not in built:
        message = f"{provider} is not built yet; use {' or '.join(sorted(built))}"
        raise InvalidInput(f"{field}.provider", message, "NotBuilt")


def targets(source: Source) -> tuple[ModelTarget, ...]:
    """Where model requests go: the assistant's deployments, then the plan's models.

    Raises:
        InvalidInput: an account that is not there, or a name that both lists use for different things.
    """
    chain: dict[str, ModelTarget] = {}
    for field, name, account, model in _deployments(source):
        found = source.directory.find(field, account, defaults.MODEL_PROVIDERS)
        target = ModelTarget(name=name or found.name, account=found.name, model=model or source.spec.model.name)
        if chain.setdefault(target.name, target) != target:
            message = f"{name} is already a deployment of the assistant; give this one another name"
            raise InvalidInput(f"{field}.name", message)
    return tuple(chain.values())


def _deployments(source: Source) -> Iterator[tuple[str, str | None, str | None, str | None]]:
    own = source.spec.model.deployments
    if own is None:
        yield "spec.model.deployments", None, None, None
    lists: tuple[tuple[str, Any], ...] = (
        ("spec.model.deployments", own),
        (f"{source.plan_field}.models", source.plan.models),
    )
    for field, entries in lists:
        for index, entry in enumerate(entries or ()):
            yield f"{field}[{index}]", entry.name, entry.account, entry.model
