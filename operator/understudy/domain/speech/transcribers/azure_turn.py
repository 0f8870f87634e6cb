"""What begins a turn of Azure's recognition: `speech.context`, and the header of its audio.

Source: microsoft/cognitive-services-speech-sdk-js, `ServiceRecognizerBase.setSpeechSegmentationTimeoutJson`,
`ServiceMessages/{PhraseDetection,PhraseOutput}` and `AudioStreamFormat.ts`; the Python SDK 1.53 sends the same.
"""

from typing import Any

import orjson

from understudy.domain.speech.codec import AudioFormat

FORMATS = {"linear16": (1, 16), "alaw": (6, 8), "mulaw": (7, 8)}
"""Encodings that Azure takes: their codes in WAVE, and bits a sample."""

_NUMBERS = {
    "segmentationSilenceTimeoutMs": "segmentationSilenceTimeoutMs",
    "segmentationMaximumTimeMs": "segmentationForcedTimeoutMs",
}
"""Our settings, and what Azure calls them."""


def context(settings: dict[str, Any], language: str) -> str:
    """The body of `speech.context`."""
    detection: dict[str, Any] = {"language": language, "mode": "Conversation"}
    segmentation = _segmentation(settings)
    if segmentation:
        detection["conversation"] = {"segmentation": segmentation}
    output = {"format": "Detailed", "detailed": {"options": ["WordTimings", "WordConfidence"]}}
    return orjson.dumps({"phraseDetection": detection, "phraseOutput": output}).decode()


def _segmentation(settings: dict[str, Any]) -> dict[str, Any]:
    """When a phrase ends. Numbers count only in the modes Custom and Semantic, so they imply the first."""
    numbers = {theirs: settings[ours] for ours, theirs in _NUMBERS.items() if settings.get(ours) is not None}
    strategy = settings.get("segmentationStrategy")
    if strategy == "Semantic":
        return {"mode": "Semantic", **numbers}
    if strategy == "Time" or numbers:
        return {"mode": "Custom", **numbers}
    return {"mode": "Normal"} if strategy else {}


def riff(audio: AudioFormat) -> bytes:
    """A WAVE header of unknown length, which comes before a turn's audio."""
    tag, bits = FORMATS[audio.encoding]
    layout = (tag, 2), (1, 2), (audio.sample_rate, 4), (audio.bytes_per_second, 4), (bits // 8, 2), (bits, 2)
    numbers = b"".join(number.to_bytes(size, "little") for number, size in layout)
    return b"RIFF\0\0\0\0WAVEfmt " + len(numbers).to_bytes(4, "little") + numbers + b"data\0\0\0\0"
