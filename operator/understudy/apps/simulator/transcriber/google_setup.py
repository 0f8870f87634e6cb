"""The first message to the Gemini Live API: `setup`, as transcription wants it.

Source: Google's "Live API: WebSockets API reference" and "Live transcription"; googleapis/python-genai `types.py`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from understudy.apps.simulator.transcriber.audio_stream import Sound

INVALID_ARGUMENT = 1007
"""WebSocket close code for a setup that makes no sense, as the Live API gives it."""

NOT_FOUND = 1008
"""WebSocket close code for a model that is not there, as the Live API gives it."""

SETUP = frozenset(
    {
        "model",
        "generationConfig",
        "inputAudioTranscription",
        "realtimeInputConfig",
        "sessionResumption",
        "contextWindowCompression",
    }
)
"""What may be set up for transcription; instructions and tools are for models that answer."""

TRANSCRIPTION = frozenset(
    {
        "languageCodes",
        "languageHints",
        "languageAuto",
        "customVocabulary",
        "adaptationPhrases",
        "mode",
        "wordTimestamp",
        "diarization",
        "sourceText",
    }
)

RATE = 16_000
"""Samples a second that the transcription models take."""

_MODEL = re.compile(r"models/gemini-[\w.-]*transcribe-live[\w.-]*")
_MIME = re.compile(r"audio/pcm(?:;\s*rate=(\d+))?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Violation(Exception):
    """A message that Gemini does not take: the connection is closed.

    Attributes:
        code: close code.
        reason: as Google words it.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Setup:
    """How a session transcribes."""

    model: str
    manual: bool
    """Whether the client says where activities begin and end."""
    language: str | None


def read(data: str | bytes) -> dict[str, Any]:
    """The client's message, with names in camel case: Google takes snake case as well, and its SDK sends both.

    Raises:
        Violation: it is none.
    """
    try:
        message = json.loads(data)
    except ValueError as cause:
        raise Violation(INVALID_ARGUMENT, "Invalid JSON payload received.") from cause
    if not isinstance(message, dict) or len(message) != 1:
        raise Violation(INVALID_ARGUMENT, "a message holds exactly one of setup, clientContent, realtimeInput")
    camel = _camel(message)
    assert isinstance(camel, dict)  # noqa: S101 — tells the type checker
    return camel


def setup(said: Mapping[str, Any]) -> Setup:
    """What a `setup` asks for.

    Raises:
        Violation: something that there is not.
    """
    _known("setup", said, SETUP)
    model = str(said.get("model", ""))
    if not _MODEL.fullmatch(model):
        raise Violation(NOT_FOUND, f"{model[:60]} is not found for API version v1beta, or is not supported for bidi")
    if (said.get("generationConfig") or {}).get("responseModalities") != ["TEXT"]:
        raise Violation(INVALID_ARGUMENT, "Cannot extract voices from a non-audio request.")
    transcription = said.get("inputAudioTranscription")
    if transcription is None:
        raise Violation(INVALID_ARGUMENT, "inputAudioTranscription is required by this model")
    _known("inputAudioTranscription", transcription, TRANSCRIPTION)
    detection = (said.get("realtimeInputConfig") or {}).get("automaticActivityDetection") or {}
    return Setup(model, bool(detection.get("disabled")), _language(transcription))


def _language(transcription: Mapping[str, Any]) -> str | None:
    hints = transcription.get("languageHints") or {}
    codes = transcription.get("languageCodes") or hints.get("languageCodes") or []
    if not all(_LANGUAGE.fullmatch(str(code)) for code in codes):
        raise Violation(INVALID_ARGUMENT, "Unsupported language code")
    return str(codes[0]) if codes else None


def sound(audio: Mapping[str, Any]) -> Sound:
    """What the audio of a `realtimeInput` is.

    Raises:
        Violation: none that the model takes.
    """
    found = _MIME.fullmatch(str(audio.get("mimeType", "")))
    if found is None or int(found[1] or RATE) != RATE:
        raise Violation(INVALID_ARGUMENT, "audio must be audio/pcm;rate=16000")
    return Sound("linear16", RATE)


def _known(where: str, said: Mapping[str, Any], names: frozenset[str]) -> None:
    unknown = sorted(said.keys() - names)
    if unknown:
        raise Violation(INVALID_ARGUMENT, f"Invalid JSON payload received. Unknown name \"{unknown[0]}\" at '{where}'")


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {re.sub(r"_([a-z])", lambda found: found[1].upper(), key): _camel(each) for key, each in value.items()}
    return [_camel(each) for each in value] if isinstance(value, list) else value
