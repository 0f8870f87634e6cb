"""What Speechmatics takes in `StartRecognition`, field by field of its specification; anything else is refused."""

from typing import Any

from understudy.apps.simulator.transcriber.audio_stream import Sound
from understudy.apps.simulator.transcriber.fields import Fields, between, is_a, one_of, wrong

ENCODINGS = {"pcm_s16le": "linear16", "mulaw": "mulaw"}
"""Of the provider's raw encodings those that are simulated; it takes `pcm_f32le` and files too."""

DEFAULT_DELAY_S = 4.0
"""`max_delay`, where the client says nothing."""

Wrong = tuple[str, str]
"""An error's type and reason."""


_MODELS = one_of("standard", "enhanced", "melia-1")

FIELDS: Fields = {
    "language": lambda value: isinstance(value, str) and value.replace("_", "").isalpha() and value.islower(),
    "domain": is_a(str),
    "output_locale": one_of("en-GB", "en-US", "en-AU"),
    "additional_vocab": is_a(list),
    "diarization": one_of("none", "speaker", "channel", "channel_and_speaker"),
    "max_delay": between(0.7, 4),
    "max_delay_mode": one_of("fixed", "flexible"),
    "speaker_diarization_config": is_a(dict),
    "audio_filtering_config": is_a(dict),
    "transcript_filtering_config": is_a(dict),
    "enable_partials": is_a(bool),
    "enable_entities": is_a(bool),
    "operating_point": _MODELS,
    "model": _MODELS,
    "punctuation_overrides": is_a(dict),
    "conversation_config": {"end_of_utterance_silence_trigger": between(0, 2)},
    "channel_diarization_labels": is_a(list),
}
"""Fields of `transcription_config`."""


def complaint(said: dict[str, Any]) -> Wrong | None:
    """What is wrong with a `StartRecognition`; None: nothing."""
    config = said.get("transcription_config")
    if not isinstance(config, dict) or "language" not in config:
        return "invalid_config", "transcription_config with language is required"
    at = wrong(FIELDS, config)
    if at is not None:
        return "invalid_language" if at == "language" else "invalid_config", f"{at} is not valid"
    if "model" in config and "operating_point" in config:
        return "invalid_config", "either model or operating_point"
    return _audio_complaint(said.get("audio_format"))


def _audio_complaint(form: Any) -> Wrong | None:
    if not isinstance(form, dict) or form.get("type") != "raw" or form.get("encoding") not in ENCODINGS:
        return "invalid_audio_type", "raw audio, pcm_s16le or mulaw"
    rate = form.get("sample_rate")
    return None if isinstance(rate, int) and rate > 0 else ("invalid_audio_type", "sample_rate is required")


def sound_of(form: dict[str, Any]) -> Sound:
    """The audio of a valid `audio_format`."""
    return Sound(ENCODINGS[form["encoding"]], form["sample_rate"])
