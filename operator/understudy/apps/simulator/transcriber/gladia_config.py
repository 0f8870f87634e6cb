"""What Gladia takes in `POST /v2/live`, field by field of its schema; anything else is refused with 400."""

from typing import Any

from understudy.apps.simulator.transcriber.audio_stream import Sound
from understudy.apps.simulator.transcriber.fields import Fields, between, is_a, one_of, wrong

ENCODINGS = {"wav/pcm": ("linear16", 16), "wav/ulaw": ("mulaw", 8), "wav/alaw": ("alaw", 8)}
"""The provider takes linear samples of 8, 24 and 32 bits too: not simulated."""

ENDPOINTING_S = 0.05
"""`endpointing`, where the client says nothing."""

NOTICED_MS = 200
"""Silence until voice activity is seen to be over, before `endpointing` begins to count."""

_BOOL, _DICT, _LIST = is_a(bool), is_a(dict), is_a(list)
_SHARE = between(0, 1)

MESSAGES = {
    "receive_partial_transcripts": False,
    "receive_final_transcripts": True,
    "receive_speech_events": True,
    "receive_pre_processing_events": True,
    "receive_realtime_processing_events": True,
    "receive_post_processing_events": True,
    "receive_acknowledgments": True,
    "receive_errors": True,
    "receive_lifecycle_events": False,
}
"""`messages_config`: which messages are sent, where the client says nothing."""

FIELDS: Fields = {
    "encoding": one_of(*ENCODINGS),
    "bit_depth": one_of(8, 16),
    "sample_rate": one_of(8000, 16_000, 32_000, 44_100, 48_000),
    "channels": one_of(1),
    "custom_metadata": _DICT,
    "model": one_of("solaria-1"),
    "endpointing": between(0.01, 10),
    "maximum_duration_without_endpointing": between(5, 60),
    "language_config": {"languages": _LIST, "code_switching": _BOOL},
    "pre_processing": {"audio_enhancer": _BOOL, "speech_threshold": _SHARE},
    "realtime_processing": {
        "words_accurate_timestamps": _BOOL,
        "custom_vocabulary": _BOOL,
        "custom_vocabulary_config": {
            "vocabulary": lambda value: isinstance(value, list) and 0 < len(value) <= 100,  # noqa: PLR2004 — documented
            "default_intensity": _SHARE,
        },
        "custom_spelling": _BOOL,
        "custom_spelling_config": _DICT,
        "translation": _BOOL,
        "translation_config": _DICT,
        "named_entity_recognition": _BOOL,
        "sentiment_analysis": _BOOL,
    },
    "post_processing": _DICT,
    "messages_config": dict.fromkeys(MESSAGES, _BOOL),
    "callback": _BOOL,
    "callback_config": _DICT,
}
"""Fields of the request's body."""

REGIONS = frozenset({"eu-west", "us-west"})


def complaint(said: Any, region: str | None) -> str | None:
    """What is wrong with the request; None: nothing."""
    if region is not None and region not in REGIONS:
        return "region"
    if not isinstance(said, dict):
        return "body"
    found = wrong(FIELDS, said)
    _, bits = ENCODINGS[said.get("encoding", "wav/pcm")] if found is None else ("", 0)
    return found or (None if said.get("bit_depth", 16) == bits else "bit_depth")


def sound_of(said: dict[str, Any]) -> Sound:
    """The audio of a valid request."""
    return Sound(ENCODINGS[said.get("encoding", "wav/pcm")][0], said.get("sample_rate", 16_000))


def silence_ms(said: dict[str, Any]) -> float:
    """Silence that ends an utterance."""
    return float(said.get("endpointing", ENDPOINTING_S)) * 1000 + NOTICED_MS
