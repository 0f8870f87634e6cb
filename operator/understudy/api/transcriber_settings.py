"""The settings of each transcriber: range here, effect and default in the marker, conditions in `transcriber_rules.py`.

One class a provider; `FallbackTranscriber` is all of them, flat, because that is how people write it.
docs/reference/speech-providers.md is generated from the markers.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from understudy.api.base import ApiModel
from understudy.api.markers import Effect, Setting

MAX_TERMS = 100
"""Words to listen for in particular: AssemblyAI's own limit, and above what helps elsewhere."""

MAX_BOOSTED = 2_500
"""Characters of AssemblyAI's wordBoost in all: the provider's limit."""

Term = Annotated[str, Field(min_length=1, max_length=50)]
"""A word or short phrase; 50 characters is AssemblyAI's limit."""

Terms = Annotated[tuple[Term, ...] | None, Field(max_length=MAX_TERMS)]

Share = Annotated[float, Field(ge=0, le=1)]

WIRE, MAPPED, PROXY = Effect.WIRE, Effect.MAPPED, Effect.PROXY

_FLUX = "with Flux models"
_BOOSTED = f"{MAX_BOOSTED} characters in all; 100 terms together with `keytermsPrompt`"
_NONE = "none"
_OFF = "`false`"


class DeepgramSettings(ApiModel):
    """Deepgram, nova and Flux."""

    keywords: Annotated[Terms, Setting("deepgram", WIRE, "keywords", _NONE, "with nova-2 and older")] = None
    """deepgram nova-2 and older: words to listen for, each with an optional boost, such as product:2."""
    keyterm: Annotated[Terms, Setting("deepgram", WIRE, "keyterm", _NONE, "with nova-3 and Flux")] = None
    """deepgram nova-3 and Flux: words and phrases to listen for."""
    smart_format: Annotated[bool | None, Setting("deepgram", WIRE, "smart_format; Flux: numerals", _OFF)] = None
    """deepgram: write numbers and dates the way people do."""
    eot_threshold: Annotated[
        float | None, Field(ge=0.5, le=0.9), Setting("deepgram", WIRE, "eot_threshold", "0.7", _FLUX)
    ] = None
    """deepgram Flux: how sure it must be that the caller has finished, 0.5 to 0.9."""
    eot_timeout_ms: Annotated[
        int | None, Field(ge=500, le=10_000), Setting("deepgram", WIRE, "eot_timeout_ms", "5000", _FLUX)
    ] = None
    """deepgram Flux: longest silence in milliseconds before the turn ends, 500 to 10000; Flux itself takes 5000."""


class AssemblyAiSettings(ApiModel):
    """AssemblyAI's universal streaming."""

    speech_model: Annotated[
        Literal[
            "universal-streaming-english",
            "universal-streaming-multilingual",
            "u3-rt-pro",
            "universal-3-5-pro",
            "universal-3-6",
            "universal-3-6-pro",
        ]
        | None,
        Setting("assembly-ai", WIRE, "speech_model", "by `language`"),
    ] = None
    """assembly-ai: the streaming model. Absent: English with language en, multilingual with multi."""
    word_boost: Annotated[Terms, Setting("assembly-ai", MAPPED, "keyterms_prompt", _NONE, _BOOSTED)] = None
    """assembly-ai: words to listen for, 2500 characters in all; sent as keytermsPrompt is."""
    keyterms_prompt: Annotated[Terms, Setting("assembly-ai", WIRE, "keyterms_prompt", _NONE)] = None
    """assembly-ai: up to 100 terms of 50 characters; costs 0.04 USD an hour more."""
    end_utterance_silence_threshold: Annotated[
        int | None,
        Field(ge=0, le=60_000),
        Setting("assembly-ai", MAPPED, "max_turn_silence, and min_turn_silence below that"),
    ] = None
    """assembly-ai: silence in milliseconds that ends an utterance."""
    disable_partial_transcripts: Annotated[
        bool | None, Setting("assembly-ai", PROXY, "interim transcripts are not passed on", _OFF)
    ] = None
    """assembly-ai: final transcripts only."""
    vad_assisted_endpointing_enabled: Annotated[
        bool | None, Setting("assembly-ai", MAPPED, "end_of_turn_confidence_threshold: 1", _OFF)
    ] = None
    """assembly-ai: voice activity helps to find the end of speech."""


class AzureSettings(ApiModel):
    """Azure Speech."""

    segmentation_silence_timeout_ms: Annotated[
        int | None, Field(ge=100, le=5_000), Setting("azure", WIRE, "segmentationSilenceTimeoutMs")
    ] = None
    """azure: silence in milliseconds that ends a phrase, 100 to 5000."""
    segmentation_maximum_time_ms: Annotated[
        int | None, Field(ge=20_000, le=70_000), Setting("azure", WIRE, "segmentationForcedTimeoutMs")
    ] = None
    """azure: longest phrase in milliseconds, 20000 to 70000."""
    segmentation_strategy: Annotated[
        Literal["Default", "Time", "Semantic"] | None,
        Setting("azure", WIRE, "segmentation.mode: Normal, Custom, Semantic", "`Default`"),
    ] = None
    """azure: what ends a phrase."""


class CustomVocabularyConfig(ApiModel):
    """Gladia's custom vocabulary."""

    vocabulary: Annotated[tuple[Term, ...], Field(min_length=1, max_length=MAX_TERMS)]
    """Words to listen for."""
    default_intensity: Share | None = None
    """How strongly they are preferred, 0 to 1."""


class GladiaSettings(ApiModel):
    """Gladia's live transcription."""

    endpointing: Annotated[float | None, Field(ge=0.01, le=10), Setting("gladia", WIRE, "endpointing", "0.05")] = None
    """gladia: silence in seconds that ends speech, 0.01 to 10."""
    speech_threshold: Annotated[Share | None, Setting("gladia", WIRE, "pre_processing.speech_threshold")] = None
    """gladia: how readily sound counts as speech, 0 to 1."""
    prosody: Annotated[
        bool | None, Setting("gladia", PROXY, "notes of sounds, such as (laugh), stay in the transcripts", _OFF)
    ] = None
    """gladia: leave notes of laughter, music and the like in the transcripts; they are taken out otherwise."""
    audio_enhancer: Annotated[bool | None, Setting("gladia", WIRE, "pre_processing.audio_enhancer", _OFF)] = None
    """gladia: clean the audio first; takes longer."""
    transcription_hint: Annotated[
        str | None, Field(max_length=600), Setting("gladia", MAPPED, "custom_vocabulary_config.vocabulary", _NONE)
    ] = None
    """gladia: a text that says what to expect; its phrases become entries of the vocabulary."""
    custom_vocabulary_enabled: Annotated[
        bool | None, Setting("gladia", WIRE, "realtime_processing.custom_vocabulary", _OFF)
    ] = None
    """gladia: use customVocabularyConfig."""
    custom_vocabulary_config: Annotated[
        CustomVocabularyConfig | None,
        Setting(
            "gladia",
            WIRE,
            "realtime_processing.custom_vocabulary_config",
            _NONE,
            "with `customVocabularyEnabled: true`",
        ),
    ] = None
    """gladia: words to listen for."""
    receive_partial_transcripts: Annotated[
        bool | None, Setting("gladia", WIRE, "messages_config.receive_partial_transcripts", "`true`")
    ] = None
    """gladia: transcripts while the caller still speaks."""


class SpeechmaticsSettings(ApiModel):
    """Speechmatics' real-time transcription."""

    operating_point: Annotated[
        Literal["standard", "enhanced"] | None, Setting("speechmatics", WIRE, "operating_point", "`enhanced`")
    ] = None
    """speechmatics: standard is faster, enhanced (when absent) more accurate."""
    enable_diarization: Annotated[bool | None, Setting("speechmatics", WIRE, "diarization: speaker", _OFF)] = None
    """speechmatics: tell speakers apart."""
    max_delay_ms: Annotated[
        int | None, Field(ge=700, le=4_000), Setting("speechmatics", WIRE, "max_delay, in seconds")
    ] = None
    """speechmatics: longest wait in milliseconds before a transcript is final, 700 to 4000."""


_LOSES_WORDS = "nothing is dropped; the usual 0.4 loses words"


class SharedSettings(ApiModel):
    """Settings that several providers have under one name."""

    confidence_threshold: Annotated[
        Share | None,
        Setting("assembly-ai", PROXY, "less sure finals are dropped, logged and counted", _LOSES_WORDS),
        Setting("gladia", PROXY, "less sure finals are dropped, logged and counted", _LOSES_WORDS),
    ] = None
    """assembly-ai, gladia: final transcripts less sure than this are dropped, 0 to 1; words dropped are logged and
    counted. Absent: none is (the providers' usual 0.4 loses words)."""
    region: Annotated[
        Literal["us-west", "eu-west", "eu", "us"] | None,
        Setting("gladia", WIRE, "region", condition="`us-west` or `eu-west`"),
        Setting("speechmatics", WIRE, "the host", "`eu`", "`eu` or `us`"),
    ] = None
    """gladia us-west or eu-west; speechmatics eu (when absent) or us."""


def settings_of(model: type[BaseModel]) -> Iterator[tuple[str, Setting]]:
    """Every setting among the fields of `model`, with the field's name; a shared field comes once for each provider."""
    for name, field in model.model_fields.items():
        yield from ((name, marker) for marker in field.metadata if isinstance(marker, Setting))
