"""What a client of Azure's recognition asked for: `speech.context`, the query, and the header of its audio."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from understudy.apps.simulator.azure_speech import INVALID_PAYLOAD, Violation
from understudy.apps.simulator.transcriber.audio_stream import Sound
from understudy.apps.simulator.transcriber.azure_messages import Output

SILENCE_MS = 500
"""Silence that ends a phrase, where the client says nothing: Azure's default."""

MAXIMUM_MS = 30_000
"""Longest phrase, where the client says nothing."""

SILENCE_RANGE = range(100, 5001)
MAXIMUM_RANGE = range(20_000, 70_001)

SEMANTIC_PATIENCE = 2
"""By how much longer a pause must be to end a phrase in the mode Semantic, which wants a sentence to be over; the
simulator knows no sentences."""

MODES = ("Normal", "Custom", "Semantic", "Disabled")

RIFF_BYTES = 44
"""Length of the header that begins a turn's audio."""

_ENCODINGS = {(1, 16): "linear16", (6, 8): "alaw", (7, 8): "mulaw"}
_RATES = {"linear16": (8000, 16_000), "alaw": (8000,), "mulaw": (8000,)}


@dataclass(frozen=True)
class Asked:
    """How a turn is recognised."""

    language: str
    silence_ms: int
    maximum_ms: int
    output: Output


def context(body: bytes) -> dict[str, Any]:
    """The body of a `speech.context`.

    Raises:
        Violation: it is none.
    """
    try:
        said = json.loads(body)
    except ValueError as cause:
        raise Violation(INVALID_PAYLOAD, "speech.context is not JSON") from cause
    if not isinstance(said, dict):
        raise Violation(INVALID_PAYLOAD, "speech.context is not an object")
    return said


def asked(query: Mapping[str, str], said: Mapping[str, Any]) -> Asked:
    """What the query and `speech.context` together ask for.

    Raises:
        Violation: a value that Azure does not take, or no language.
    """
    detection = said.get("phraseDetection") or {}
    language = str(detection.get("language") or query.get("language") or "")
    if "-" not in language:
        raise Violation(INVALID_PAYLOAD, "the language must be given, with its region")
    segmentation = _segmentation(detection)
    mode = segmentation.get("mode", "Normal")
    if mode not in MODES:
        raise Violation(INVALID_PAYLOAD, f"unknown segmentation mode, not one of {MODES}")
    counts = mode in ("Custom", "Semantic")
    silence_ms = _number(segmentation if counts else {}, "segmentationSilenceTimeoutMs", SILENCE_RANGE, SILENCE_MS)
    maximum_ms = _number(segmentation if counts else {}, "segmentationForcedTimeoutMs", MAXIMUM_RANGE, MAXIMUM_MS)
    patience = SEMANTIC_PATIENCE if mode == "Semantic" else 1
    return Asked(language, silence_ms * patience, maximum_ms, _output(query, said.get("phraseOutput") or {}))


def _segmentation(detection: Mapping[str, Any]) -> dict[str, Any]:
    """Of the mode that is asked for; Microsoft's SDKs write it in different cases."""
    mode = str(detection.get("mode") or "conversation").lower()
    named = next((value for name, value in detection.items() if name.lower() == mode and isinstance(value, dict)), {})
    return named.get("segmentation") or {}


def _number(values: Mapping[str, Any], name: str, allowed: range, default: int) -> int:
    value = int(values.get(name, default))
    if value not in allowed:
        raise Violation(INVALID_PAYLOAD, f"{name} must be between {allowed.start} and {allowed.stop - 1}")
    return value


def _output(query: Mapping[str, str], said: Mapping[str, Any]) -> Output:
    detailed = str(said.get("format") or query.get("format") or "").lower() == "detailed"
    options = (said.get("detailed") or {}).get("options") or ()
    return Output(detailed, "WordTimings" in options or query.get("wordLevelTimestamps") == "true")


def sound(header: bytes) -> Sound:
    """What the header that begins a turn's audio says of it.

    Raises:
        Violation: it is none, or of audio that Azure does not take.
    """
    if len(header) != RIFF_BYTES or header[:4] != b"RIFF" or header[8:16] != b"WAVEfmt " or header[36:40] != b"data":
        raise Violation(INVALID_PAYLOAD, "the first audio message of a request must hold a RIFF header alone")
    tag, channels = int.from_bytes(header[20:22], "little"), int.from_bytes(header[22:24], "little")
    rate, bits = int.from_bytes(header[24:28], "little"), int.from_bytes(header[34:36], "little")
    encoding = _ENCODINGS.get((tag, bits))
    if encoding is None or rate not in _RATES[encoding] or channels != 1:
        raise Violation(
            INVALID_PAYLOAD, "audio must be mono, PCM of 16 bits at 8 or 16 kHz, or μ-law or A-law at 8 kHz"
        )
    return Sound(encoding, rate)
