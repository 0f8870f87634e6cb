"""Voices: what the assistant speaks with, and what takes over (`spec.voice`)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from understudy.api.base import ApiModel, Identifier, Name
from understudy.api.markers import Rule

MAX_FALLBACKS = 8
"""Fallbacks of one kind: each may cost the caller a second, and nobody waits for a ninth."""

VoiceProvider = Literal["openai", "azure", "11labs", "cartesia", "deepgram", "playht"]

LanguageTag = Annotated[
    str,
    Field(min_length=2, max_length=35),
    Rule("self.matches('^[a-zA-Z]+(-[a-zA-Z0-9]+)*$')", "write a language such as en, en-US or multi"),
]
"""A BCP-47 tag, or a provider's own word such as `multi`; 35 characters hold every tag without private parts."""

Trait = Annotated[str, Field(min_length=1, max_length=32)]


class VoiceTraits(ApiModel):
    """How a voice sounds, in your words: a fallback that sounds different is warned about."""

    gender: Trait | None = None
    """Such as female; other accounts' voices that follow by themselves are of the same where they can."""
    accent: Trait | None = None
    """Such as British."""
    tone: Trait | None = None
    """Such as calm."""


VOICE_RULES = (
    Rule(
        "self.provider != 'deepgram' || self.voiceId.startsWith('aura-')",
        "deepgram's voices have names such as aura-2-thalia-en",
        at=".voiceId",
    ),
    Rule(
        "!(self.provider in ['azure', 'deepgram']) || !has(self.model)",
        "azure's and deepgram's voices have no model besides voiceId; remove it",
        at=".model",
        reason="FieldValueForbidden",
    ),
)


class FallbackVoice(ApiModel):
    """A voice: an object with provider and voiceId, not a string."""

    rules: ClassVar = VOICE_RULES

    provider: VoiceProvider
    """Who speaks. playht's owner has shut it down: without a baseUrl of the account's own, such a voice is never asked,
    and the condition ProviderRetired says so."""
    account: Name | None = None
    """Which of spec.accounts; its provider is this voice's. Absent: the only account with this provider."""
    voice_id: Identifier
    """The voice, as the provider calls it: openai shimmer, azure en-US-AvaMultilingualNeural, deepgram
    aura-2-thalia-en; 11labs, cartesia and playht have ids."""
    model: Identifier | None = None
    """The speech model. Absent: openai gpt-4o-mini-tts, cartesia sonic-3, 11labs eleven_flash_v2_5, playht
    Play3.0-mini. azure and deepgram have none."""
    language: LanguageTag | None = None
    """What it speaks. Absent: the provider decides, from the text or the voice."""
    traits: VoiceTraits | None = None
    """How it sounds: for warnings, and for the choice among other accounts' voices."""


class AutoFallback(ApiModel):
    """Whether others are tried by themselves when all listed ones have failed."""

    enabled: bool
    """true: other accounts that can do it are tried, which may send the caller's data to another provider."""


Voices = Annotated[tuple[FallbackVoice, ...], Field(max_length=MAX_FALLBACKS)]

OFF_IS_OFF = "voices: [] turns fallback off: remove autoFallback, or remove voices to let other accounts take over"


class VoiceFallbackPlan(ApiModel):
    """What takes over when the voice fails."""

    rules: ClassVar = (
        Rule(
            "!(has(self.voices) && size(self.voices) == 0 && has(self.autoFallback) && self.autoFallback.enabled)",
            OFF_IS_OFF,
            at=".autoFallback",
        ),
    )

    voices: Voices | None = None
    """Tried in this order, and only these. []: no fallback. Absent: the referenced plan's list, otherwise the voices of
    other accounts."""
    auto_fallback: AutoFallback | None = None
    """Other accounts after the list. Absent: the referenced plan's; without any plan they are tried."""


class Voice(FallbackVoice):
    """What the assistant speaks with: an object with provider and voiceId, not a string."""

    fallback_plan: VoiceFallbackPlan | None = None
    """What takes over when it fails. Absent: the referenced plan, otherwise the voices of other accounts."""
    handover: Literal["WholeWords", "Immediate"] = "WholeWords"
    """What its audio waits for. WholeWords: until a word is whole, or a clause of a voice that reports no word times
    (openai, deepgram, playht): when it fails, the next voice loses and repeats no word. Immediate: nothing; when it
    fails, the next voice may repeat or leave out one."""
