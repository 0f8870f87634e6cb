"""What a client may ask of Scribe in the URL."""

from collections.abc import Mapping

from understudy.apps.simulator.transcriber.audio_stream import Sound

MODELS = ("scribe_v2_realtime",)

RATES = (8000, 16_000, 22_050, 24_000, 44_100, 48_000)
FORMATS = {f"pcm_{rate}": Sound("linear16", rate) for rate in RATES} | {"ulaw_8000": Sound("mulaw", 8000)}

DEFAULT_FORMAT = "pcm_16000"

RANGES = {
    "vad_silence_threshold_secs": (0.3, 3.0),
    "vad_threshold": (0.1, 0.9),
    "min_speech_duration_ms": (50, 2000),
    "min_silence_duration_ms": (50, 2000),
}

SWITCHES = frozenset(
    {"include_timestamps", "include_language_detection", "enable_logging", "no_verbatim", "filter_background_audio"}
)

PARAMETERS = SWITCHES | RANGES.keys() | {"model_id", "audio_format", "commit_strategy", "language_code", "keyterms"}
"""All that a client may ask for."""


def sound(asked: Mapping[str, str]) -> Sound:
    """What the client sends."""
    return FORMATS[asked.get("audio_format", DEFAULT_FORMAT)]


def complaint(asked: Mapping[str, str]) -> str | None:
    """What is wrong with the URL."""
    unknown = sorted(asked.keys() - PARAMETERS)
    if unknown:
        return f"unknown parameter {unknown[0]}"
    if asked.get("model_id") not in MODELS:
        return "model_id is no model for streams"
    if asked.get("audio_format", DEFAULT_FORMAT) not in FORMATS:
        return "audio_format"
    if asked.get("commit_strategy", "manual") not in {"manual", "vad"}:
        return "commit_strategy"
    language = asked.get("language_code", "en")
    if not (language.isalpha() and len(language) in {2, 3}):
        return "language_code"
    switched = (name for name in sorted(SWITCHES & asked.keys()) if asked[name] not in {"true", "false"})
    return next(switched, None) or _out_of_range(asked)


def _out_of_range(asked: Mapping[str, str]) -> str | None:
    for name, (least, most) in RANGES.items():
        try:
            fits = least <= float(asked.get(name, least)) <= most
        except ValueError:
            fits = False
        if not fits:
            return f"{name} must be between {least} and {most}"
    return None
