"""The chains of a revision: transcribers and voices, in the order they are tried."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.fallback_plan import FallbackPlanSpec, PlanAutoFallback
from understudy.api.transcriber import SETTINGS, FallbackTranscriber, TranscriberFallbackPlan
from understudy.api.voice import FallbackVoice, VoiceFallbackPlan
from understudy.base.errors import InvalidInput
from understudy.domain.revision import automatic, cautions, compliance, defaults
from understudy.domain.revision.compliance import UNRESTRICTED, Restriction
from understudy.domain.revision.directory import Directory
from understudy.domain.revision.precedence import Chosen, Wanted, choose
from understudy.domain.revision.snapshot import Transcriber, Voice


@dataclass(frozen=True, slots=True)
class Source:
    """What a revision is resolved from."""

    spec: VoiceAssistantSpec
    plan: FallbackPlanSpec
    """Empty where the assistant refers to none."""
    directory: Directory
    restriction: Restriction = UNRESTRICTED
    rules: automatic.Rules = automatic.NOW

    @property
    def plan_field(self) -> str:
        """How a complaint names the plan."""
        reference = self.spec.fallback_plan_ref
        return f"FallbackPlan {reference.name if reference else ''} spec"


@dataclass(frozen=True, slots=True)
class Ears:
    """The transcribers of a revision."""

    chain: tuple[Transcriber, ...]
    warnings: tuple[str, ...] = ()
    refused: InvalidInput | None = None
    """Why a list is not used though the rest is fine."""


@dataclass(frozen=True, slots=True)
class Mouths:
    """The voices of a revision."""

    chain: tuple[Voice, ...]
    warnings: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    """Voices that are named and never asked, because their provider is gone."""


def transcribers(source: Source) -> Ears:
    """The transcribers in order.

    Raises:
        InvalidInput: an account that is not there.
    """
    first = source.spec.transcriber
    chosen, refused = _chosen_transcribers(source)
    chain, warnings = [_transcriber(source, "spec.transcriber", first)], list(cautions.about_turns(first))
    for index, entry in enumerate(chosen.entries):
        field = _entry(source, chosen, "transcriber", index)
        chain.append(_transcriber(source, field, entry))
        warnings += cautions.about_transcriber(field, first, entry)
    if chosen.automatic:
        following, said = _automatic_transcribers(source, chain)
        chain += following
        warnings += said
    if standby(source) == "Connected":
        warnings += cautions.about_standby(chain)
    return Ears(tuple(chain), tuple(warnings), refused)


def _chosen_transcribers(source: Source) -> tuple[Chosen[FallbackTranscriber], InvalidInput | None]:
    """What applies, and why it is not what is written: a list that is not compliant is not used at all."""
    inline = source.spec.transcriber.fallback_plan or TranscriberFallbackPlan()
    switches = source.plan.auto_fallback or PlanAutoFallback()
    own = Wanted(inline.transcribers, inline.auto_fallback.enabled if inline.auto_fallback else None)
    plan = Wanted(source.plan.transcribers, switches.transcriber)
    chosen = choose(own, plan, default=False)
    for index, entry in enumerate(chosen.entries):
        if not source.restriction.allows(entry.provider):
            field = _entry(source, chosen, "transcriber", index)
            refused = compliance.refusal(field, entry.provider, source.restriction)
            nothing: Wanted[FallbackTranscriber] = Wanted()
            without = (own, nothing) if chosen.from_plan else (replace(own, entries=()), plan)
            return choose(*without, default=False), refused
    return chosen, None


def _entry(source: Source, chosen: Chosen[Any], what: str, index: int) -> str:
    root = source.plan_field if chosen.from_plan else f"spec.{what}.fallbackPlan"
    return f"{root}.{what}s[{index}]"


def _transcriber(source: Source, field: str, wanted: FallbackTranscriber) -> Transcriber:
    provider = wanted.provider
    account = source.directory.find(field, wanted.account, (provider,))
    given = wanted.model_dump(mode="json", by_alias=True, exclude_none=True, include=set(SETTINGS[provider]))
    return Transcriber(
        account=account.name,
        provider=provider,
        model=defaults.transcriber_model(provider, wanted.model, wanted.speech_model),
        language=cautions.language_of(wanted),
        settings=defaults.TRANSCRIBER_SETTINGS.get(provider, {}) | given,
        turn_detection=source.spec.transcriber.turn_detection,
    )


def _automatic_transcribers(source: Source, chain: list[Transcriber]) -> tuple[list[Transcriber], list[str]]:
    field = "spec.transcriber.fallbackPlan.autoFallback"
    used = {each.account for each in chain}
    others = automatic.others(source.directory, source.rules.transcribers, used, source.restriction)
    heard = list(automatic.transcribers(chain[0], others.follow))
    warnings = [cautions.about_automatic(field, [account for account, found in heard if found])]
    warnings += cautions.about_zones(field, others.outside)
    warnings += cautions.about_compliance(field, others.unfit, source.restriction)
    warnings += cautions.about_deaf(field, [account for account, found in heard if not found], chain[0].language)
    return [found for _, found in heard if found], warnings


def standby(source: Source) -> Literal["Cold", "Connected"]:
    """Whether the next transcriber is connected beforehand: what the assistant says, otherwise the plan, else not."""
    inline = source.spec.transcriber.fallback_plan
    return (inline and inline.standby) or source.plan.standby or "Cold"


def voices(source: Source) -> Mouths:
    """The voices in order.

    Raises:
        InvalidInput: an account that is not there, or nobody to speak.
    """
    first = source.spec.voice
    chosen = _chosen_voices(source)
    spoken = _voice(source, "spec.voice", first)
    chain, warnings, retired = list[Voice](), list[str](), list[str]()
    listed = ((_entry(source, chosen, "voice", index), entry) for index, entry in enumerate(chosen.entries))
    for field, entry in (("spec.voice", first), *listed):
        found = _voice(source, field, entry)
        if source.directory.retired(found.account):
            retired.append(cautions.retired(field, found.account))
            continue
        chain.append(found)
        if entry is not first:
            warnings += cautions.about_voice(field, first, entry)
            warnings += cautions.about_named_voice(field, entry.provider, source.restriction)
    if chosen.automatic:
        following, said = _automatic_voices(source, spoken, {spoken.account, *(each.account for each in chain)})
        chain += following
        warnings += said
    if not chain:
        raise InvalidInput("spec.voice.provider", retired[0].partition(": ")[2], "ProviderRetired")
    return Mouths(tuple(chain), tuple(warnings), tuple(retired))


def _chosen_voices(source: Source) -> Chosen[FallbackVoice]:
    inline = source.spec.voice.fallback_plan or VoiceFallbackPlan()
    switches = source.plan.auto_fallback or PlanAutoFallback()
    return choose(
        Wanted(inline.voices, inline.auto_fallback.enabled if inline.auto_fallback else None),
        Wanted(source.plan.voices, switches.voice),
        default=True,
    )


def _voice(source: Source, field: str, wanted: FallbackVoice) -> Voice:
    account = source.directory.find(field, wanted.account, (wanted.provider,))
    return Voice(
        account=account.name,
        provider=wanted.provider,
        voice_id=wanted.voice_id,
        model=wanted.model or defaults.VOICE_MODEL.get(wanted.provider),
        language=wanted.language,
    )


def _automatic_voices(source: Source, spoken: Voice, used: set[str]) -> tuple[list[Voice], list[str]]:
    field = "spec.voice.fallbackPlan.autoFallback"
    others = automatic.others(source.directory, source.rules.voices, used, source.restriction)
    following = list(automatic.voices(source.spec.voice, spoken, others.follow, source.rules))
    warnings = [*cautions.about_zones(field, others.outside)]
    warnings += cautions.about_compliance(field, others.unfit, source.restriction)
    return following, warnings
