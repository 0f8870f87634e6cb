"""What a client may ask of an OpenAI transcription session: `session.update`."""

from dataclasses import dataclass, replace
from typing import Any

from understudy.apps.simulator.transcriber.audio_stream import Sound

STREAMING = ("gpt-realtime-whisper", "gpt-live-transcribe")
"""Models that tell what they hear while the caller speaks, and leave voice detection to the client."""

SEVERAL_LANGUAGES = ("gpt-transcribe", "gpt-live-transcribe")
"""Models that take `languages` and `keywords`."""

MODELS = (*STREAMING, "gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "whisper-1")

FORMATS = {
    "audio/pcm": Sound("linear16", 24_000),
    "audio/pcmu": Sound("mulaw", 8000),
    "audio/pcma": Sound("alaw", 8000),
}

PCM_RATE = 24_000
"""The only one of PCM."""

DEFAULT_SILENCE_MS = 500.0
"""Silence that ends speech where the server detects it."""

NEVER_MS = 1e9
"""Silence that never comes."""


class Wrong(ValueError):
    """An update that is refused.

    Attributes:
        code: OpenAI's.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Session:
    """What is set.

    Attributes:
        model: None: nothing is transcribed.
        silence_ms: that ends speech; None: the client commits.
    """

    model: str | None = None
    sound: Sound = FORMATS["audio/pcm"]
    silence_ms: float | None = DEFAULT_SILENCE_MS

    @property
    def streams(self) -> bool:
        """Whether it tells what it hears before a commit."""
        return self.model in STREAMING

    @property
    def endpointing_ms(self) -> float:
        """Silence that ends an utterance."""
        return NEVER_MS if self.silence_ms is None else self.silence_ms


def updated(session: Session, asked: Any, url_model: str | None) -> Session:
    """After a `session.update`.

    Raises:
        Wrong: it is refused.
    """
    if not isinstance(asked, dict) or asked.get("type") != "transcription":
        raise Wrong("invalid_value", "session.type must be transcription")
    if url_model is not None:
        raise Wrong("invalid_model", "a model in the URL makes a conversation of the session")
    heard = (asked.get("audio") or {}).get("input") or {}
    unknown = sorted(heard.keys() - {"format", "transcription", "turn_detection", "noise_reduction"})
    if unknown:
        raise Wrong("unknown_parameter", f"Unknown parameter: 'session.audio.input.{unknown[0]}'.")
    model = _model(heard.get("transcription"))
    changed = replace(session, model=model or session.model, sound=_sound(heard.get("format"), session.sound))
    silence_ms = _silence_ms(heard["turn_detection"]) if "turn_detection" in heard else session.silence_ms
    if silence_ms is not None and changed.streams:
        if heard.get("turn_detection"):
            raise Wrong("invalid_value", f"turn_detection is not supported by {changed.model}")
        silence_ms = None
    return replace(changed, silence_ms=silence_ms)


def _model(asked: Any) -> str | None:
    if asked is None:
        return None
    model = asked.get("model")
    if model not in MODELS:
        raise Wrong("invalid_model", "model is none for transcription")
    unknown = sorted(asked.keys() - {"model", "language", "languages", "keywords", "prompt", "delay"})
    several = sorted({"languages", "keywords"} & asked.keys()) if model not in SEVERAL_LANGUAGES else []
    for name in unknown + several:
        raise Wrong("unknown_parameter", f"Unknown parameter: 'session.audio.input.transcription.{name}'.")
    for language in [asked.get("language") or "en", *asked.get("languages", ())]:
        if not (len(language) == 2 and language.isalpha()):  # noqa: PLR2004 - ISO 639-1
            raise Wrong("invalid_value", "language must be of two letters")
    return str(model)


def _sound(asked: Any, before: Sound) -> Sound:
    if asked is None:
        return before
    kind = asked.get("type")
    if kind not in FORMATS or (kind == "audio/pcm" and asked.get("rate") != PCM_RATE):
        raise Wrong("invalid_value", "format must be audio/pcm of 24000, audio/pcmu or audio/pcma")
    return FORMATS[kind]


def _silence_ms(asked: Any) -> float | None:
    if asked is None:
        return None
    if asked.get("type") != "server_vad":
        raise Wrong("invalid_value", "turn_detection: only server_vad is simulated")
    return float(asked.get("silence_duration_ms", DEFAULT_SILENCE_MS))
