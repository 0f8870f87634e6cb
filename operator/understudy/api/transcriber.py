"""Transcribers: what the caller's words are heard with, and what takes over (`spec.transcriber`).

One flat object for all nine providers, because that is how people write it; a setting says whose it is (`Only`).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from understudy.api.base import ApiModel, Identifier, Name
from understudy.api.markers import NotBuilt, Only
from understudy.api.transcriber_rules import TRANSCRIBER_RULES
from understudy.api.voice import MAX_FALLBACKS, AutoFallback, LanguageTag

TranscriberProvider = Literal[
    "deepgram", "assembly-ai", "azure", "gladia", "google", "speechmatics", "cartesia", "11labs", "openai"
]

NOT_BUILT_TRANSCRIBERS = ("assembly-ai", "azure", "gladia", "google", "speechmatics", "cartesia", "11labs", "openai")

DEEPGRAM = Only(("deepgram",))
ASSEMBLY_AI = Only(("assembly-ai",))
AZURE = Only(("azure",))
GLADIA = Only(("gladia",))
SPEECHMATICS = Only(("speechmatics",))

MAX_TERMS = 100
"""Words to listen for in particular: AssemblyAI's own limit, and above what helps elsewhere."""

Term = Annotated[str, Field(min_length=1, max_length=50)]
"""A word or short phrase; 50 characters is AssemblyAI's limit."""

Share = Annotated[float, Field(ge=0, le=1)]


class CustomVocabularyConfig(ApiModel):
    """Gladia's custom vocabulary."""

    vocabulary: Annotated[tuple[Term, ...], Field(min_length=1, max_length=MAX_TERMS)]
    """Words to listen for."""
    default_intensity: Share | None = None
    """How strongly they are preferred, 0 to 1."""


class FallbackTranscriber(ApiModel):
    """A transcriber: its provider, and that provider's settings."""

    rules: ClassVar = TRANSCRIBER_RULES

    provider: Annotated[TranscriberProvider, NotBuilt("use deepgram", NOT_BUILT_TRANSCRIBERS)]
    """Who transcribes."""
    account: Name | None = None
    """Which of spec.accounts; its provider is this transcriber's. Absent: the only account with this provider."""
    model: Identifier | None = None
    """deepgram nova-3 (default), nova-3-general, nova-3-medical, nova-2 and others that begin with nova-;
    gladia fast, accurate, solaria-1; speechmatics default; 11labs scribe_v1; cartesia ink-whisper; google a Gemini
    model; openai its Realtime transcription model, which has to be given."""
    language: LanguageTag | None = None
    """What the caller speaks. deepgram en (default) or another code, multi for several; assembly-ai en or multi; azure
    a tag with region such as en-US; google a name such as English; 11labs and cartesia two letters."""

    keywords: Annotated[tuple[Term, ...] | None, Field(max_length=MAX_TERMS), DEEPGRAM] = None
    """deepgram nova-2 and older: words to listen for, each with an optional boost, such as product:2."""
    keyterm: Annotated[tuple[Term, ...] | None, Field(max_length=MAX_TERMS), DEEPGRAM] = None
    """deepgram nova-3: words and phrases to listen for."""
    smart_format: Annotated[bool | None, DEEPGRAM] = None
    """deepgram: write numbers and dates the way people do."""
    eot_threshold: Annotated[float | None, Field(ge=0.5, le=0.9), DEEPGRAM] = None
    """deepgram Flux: how sure it must be that the caller has finished, 0.5 to 0.9."""
    eot_timeout_ms: Annotated[int | None, Field(ge=500, le=10_000), DEEPGRAM] = None
    """deepgram Flux: longest silence in milliseconds before the turn ends, 500 to 10000; Flux itself takes 5000."""

    speech_model: Annotated[
        Literal["universal-streaming-english", "universal-streaming-multilingual"] | None, ASSEMBLY_AI
    ] = None
    """assembly-ai: the streaming model."""
    word_boost: Annotated[tuple[Term, ...] | None, Field(max_length=MAX_TERMS), ASSEMBLY_AI] = None
    """assembly-ai: words to listen for, 2500 characters in all."""
    keyterms_prompt: Annotated[tuple[Term, ...] | None, Field(max_length=MAX_TERMS), ASSEMBLY_AI] = None
    """assembly-ai: up to 100 terms of 50 characters; costs 0.04 USD an hour more."""
    end_utterance_silence_threshold: Annotated[int | None, Field(ge=0, le=60_000), ASSEMBLY_AI] = None
    """assembly-ai: silence in milliseconds that ends an utterance."""
    disable_partial_transcripts: Annotated[bool | None, ASSEMBLY_AI] = None
    """assembly-ai: final transcripts only."""
    vad_assisted_endpointing_enabled: Annotated[bool | None, ASSEMBLY_AI] = None
    """assembly-ai: voice activity helps to find the end of speech."""

    confidence_threshold: Annotated[Share | None, Only(("assembly-ai", "gladia"))] = None
    """assembly-ai, gladia: transcripts less sure than this are dropped, 0 to 1. Absent: none is (the providers' usual
    0.4 loses words)."""

    segmentation_silence_timeout_ms: Annotated[int | None, Field(ge=100, le=5_000), AZURE] = None
    """azure: silence in milliseconds that ends a phrase, 100 to 5000."""
    segmentation_maximum_time_ms: Annotated[int | None, Field(ge=20_000, le=70_000), AZURE] = None
    """azure: longest phrase in milliseconds, 20000 to 70000."""
    segmentation_strategy: Annotated[Literal["Default", "Time", "Semantic"] | None, AZURE] = None
    """azure: what ends a phrase."""

    endpointing: Annotated[float | None, Field(ge=0.01, le=10), GLADIA] = None
    """gladia: silence in seconds that ends speech, 0.01 to 10."""
    speech_threshold: Annotated[Share | None, GLADIA] = None
    """gladia: how readily sound counts as speech, 0 to 1."""
    prosody: Annotated[bool | None, GLADIA] = None
    """gladia: report laughter, music and the like."""
    audio_enhancer: Annotated[bool | None, GLADIA] = None
    """gladia: clean the audio first; takes longer."""
    transcription_hint: Annotated[str | None, Field(max_length=600), GLADIA] = None
    """gladia: a text that says what to expect."""
    custom_vocabulary_enabled: Annotated[bool | None, GLADIA] = None
    """gladia: use customVocabularyConfig."""
    custom_vocabulary_config: Annotated[CustomVocabularyConfig | None, GLADIA] = None
    """gladia: words to listen for."""
    receive_partial_transcripts: Annotated[bool | None, GLADIA] = None
    """gladia: transcripts while the caller still speaks."""

    region: Annotated[Literal["us-west", "eu-west", "eu", "us"] | None, Only(("gladia", "speechmatics"))] = None
    """gladia us-west or eu-west; speechmatics eu (default) or us."""

    operating_point: Annotated[Literal["standard", "enhanced"] | None, SPEECHMATICS] = None
    """speechmatics: standard is faster, enhanced (default) more accurate."""
    enable_diarization: Annotated[bool | None, SPEECHMATICS] = None
    """speechmatics: tell speakers apart."""
    max_delay_ms: Annotated[int | None, Field(ge=700, le=4_000), SPEECHMATICS] = None
    """speechmatics: longest wait in milliseconds before a transcript is final, 700 to 4000."""


Transcribers = Annotated[tuple[FallbackTranscriber, ...], Field(max_length=MAX_FALLBACKS)]


class TranscriberFallbackPlan(ApiModel):
    """What takes over when the transcriber fails."""

    transcribers: Transcribers | None = None
    """Tried first, in this order. []: none. Absent: the referenced plan's."""
    auto_fallback: AutoFallback | None = None
    """Other accounts when all listed ones have failed. Absent: the referenced plan's, otherwise off."""


class Transcriber(FallbackTranscriber):
    """What the caller's words are heard with."""

    fallback_plan: TranscriberFallbackPlan | None = None
    """What takes over when it fails. Absent: the referenced plan, otherwise the call ends and says why."""


SETTINGS: dict[str, tuple[str, ...]] = {
    "deepgram": ("keywords", "keyterm", "smart_format", "eot_threshold", "eot_timeout_ms"),
}
"""Settings that go into the revision, of each provider that is built; None is left out."""
