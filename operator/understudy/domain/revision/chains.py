"""The chains of a revision: transcribers and voices, in the order they are tried."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from understudy.api.accounts import Account
from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.fallback_plan import FallbackPlanSpec, PlanAutoFallback
from understudy.api.transcriber import SETTINGS, FallbackTranscriber, TranscriberFallbackPlan
from understudy.api.voice import FallbackVoice, VoiceFallbackPlan
from understudy.base.errors import InvalidInput
from understudy.domain.revision import cautions, defaults
from understudy.domain.revision.directory import Directory
from understudy.domain.revision.precedence import Wanted, choose
from understudy.domain.revision.snapshot import Transcriber, Voice


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
        wanted = defaults.TRANSCRIBER_PROVIDERS, {each.account for each in chain}
        others = source.directory.others(*wanted)
        chain += [_automatic_transcriber(chain[0], account.name, account.provider) for account in others]
        field = "spec.transcriber.fallbackPlan.autoFallback"
        warnings.append(cautions.about_automatic(field, others))
        warnings += cautions.about_zones(field, source.directory.left_out(*wanted))
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
        wanted = defaults.VOICE_PROVIDERS, {voice.account for voice in chain}
        chain += _automatic_voices(chain[0], source.directory.others(*wanted))
        field = "spec.voice.fallbackPlan.autoFallback"
        warnings += cautions.about_zones(field, source.directory.left_out(*wanted))
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


def _automatic_voices(first: Voice, others: Sequence[Account]) -> Iterator[Voice]:
    """One voice for each account not tried yet, another provider's first: an outage is mostly a provider's."""
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
