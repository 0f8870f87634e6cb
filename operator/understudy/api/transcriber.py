"""Transcribers: what the caller's words are heard with, and what takes over (`spec.transcriber`).

One flat object for all nine providers, because that is how people write it; a setting says whose it is (`Setting`).
"""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from understudy.api.base import ApiModel, Identifier, Name
from understudy.api.transcriber_rules import TRANSCRIBER_RULES, TURN_RULES
from understudy.api.transcriber_settings import (
    AssemblyAiSettings,
    AzureSettings,
    DeepgramSettings,
    GladiaSettings,
    SharedSettings,
    SpeechmaticsSettings,
    settings_of,
)
from understudy.api.voice import MAX_FALLBACKS, AutoFallback, LanguageTag

TranscriberProvider = Literal[
    "deepgram", "assembly-ai", "azure", "gladia", "google", "speechmatics", "cartesia", "11labs", "openai"
]

Standby = Literal["Cold", "Connected"]


class TranscriberChoice(ApiModel):
    """What every transcriber has."""

    provider: TranscriberProvider
    """Who transcribes."""
    account: Name | None = None
    """Which of spec.accounts; its provider is this transcriber's. Absent: the only account with this provider."""
    model: Identifier | None = None
    """deepgram nova-3 (when absent), nova-3-general, nova-3-medical, nova-2 and others that begin with nova-,
    flux-general-en, flux-general-multi; gladia solaria-1 (fast and accurate, its older names, mean the same);
    speechmatics default; 11labs scribe_v2_realtime (scribe_v1 means the same); cartesia ink-whisper (when absent) or
    ink-2; google a Gemini model; openai its transcription model, which has to be given, such as gpt-4o-transcribe."""
    language: LanguageTag | None = None
    """What the caller speaks. deepgram en (when absent) or another code, multi for several; assembly-ai en (when
    absent) or multi; azure a tag with region, en-US when absent; google a tag or a name such as English or
    Multilingual; speechmatics en (when absent) or another code; cartesia (en when absent), 11labs, openai and gladia
    two letters. Absent elsewhere: the provider finds out."""


class FallbackTranscriber(
    SharedSettings,
    SpeechmaticsSettings,
    GladiaSettings,
    AzureSettings,
    AssemblyAiSettings,
    DeepgramSettings,
    TranscriberChoice,  # last, so that its fields come first
):
    """A transcriber: its provider, and that provider's settings; an object, not a string."""

    rules: ClassVar = TRANSCRIBER_RULES


Transcribers = Annotated[tuple[FallbackTranscriber, ...], Field(max_length=MAX_FALLBACKS)]


class TranscriberFallbackPlan(ApiModel):
    """What takes over when the transcriber fails."""

    transcribers: Transcribers | None = None
    """Tried first, in this order. []: none. Absent: the referenced plan's."""
    auto_fallback: AutoFallback | None = None
    """Other accounts when all listed ones have failed. Absent: the referenced plan's, otherwise off."""
    standby: Standby | None = None
    """Cold: the next transcriber is connected when it is needed, which costs the caller one connection's time.
    Connected: it is connected all the while, which costs money at providers that bill by open time, such as
    assembly-ai, for every minute of every call. Absent: the referenced plan's, otherwise Cold."""


class Transcriber(FallbackTranscriber):
    """What the caller's words are heard with: an object with provider, not a string."""

    rules: ClassVar = (*TRANSCRIBER_RULES, *TURN_RULES)

    turn_detection: Literal["Agent", "Provider"] = "Agent"
    """Who finds the end of the caller's turn. Agent: agent.endOfTurn, alike for every transcriber. Provider: the
    transcriber, which has to be one of deepgram's Flux models; its eot settings then decide, and a fallback without
    such a model ends a turn by silence. An agent image of your own is told by understudy_turns in the start message,
    and connects to /v2/listen instead of /v1/listen."""
    fallback_plan: TranscriberFallbackPlan | None = None
    """What takes over when it fails. Absent: the referenced plan, otherwise the call ends and says why."""


def _settings(provider: str) -> tuple[str, ...]:
    return tuple(name for name, marker in settings_of(FallbackTranscriber) if marker.provider == provider)


PROVIDERS: tuple[str, ...] = get_args(TranscriberProvider)

SETTINGS: dict[str, tuple[str, ...]] = {provider: _settings(provider) for provider in PROVIDERS}
"""Names of each provider's settings; those that are given go into the revision."""
