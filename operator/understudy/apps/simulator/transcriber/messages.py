"""Deepgram's messages of `/v1/listen`."""

from typing import Any

from understudy.apps.simulator.transcriber.hearing import Result

_MODEL = {"name": "simulator", "version": "2025-01-01.0", "arch": "nova-3"}
_MODEL_UUID = "00000000-0000-4000-8000-000000000000"


def results(result: Result, request_id: str, *, from_finalize: bool = False) -> dict[str, Any]:
    """A `Results` message."""
    heard = result.recognised
    words = [
        {
            "word": word.text,
            "start": round(result.start + word.start, 3),
            "end": round(result.start + word.end, 3),
            "confidence": heard.confidence,
            "punctuated_word": word.text,
        }
        for word in heard.words
    ]
    alternative = {"transcript": heard.text, "confidence": heard.confidence, "words": words}
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "duration": round(result.duration, 3),
        "start": round(result.start, 3),
        "is_final": result.final,
        "speech_final": result.final and bool(heard.text),
        "from_finalize": from_finalize,
        "channel": {"alternatives": [alternative]},
        "metadata": {"request_id": request_id, "model_info": _MODEL, "model_uuid": _MODEL_UUID},
    }


def speech_started(at: float) -> dict[str, Any]:
    """A `SpeechStarted` message, `at` seconds into the stream."""
    return {"type": "SpeechStarted", "channel": [0], "timestamp": round(at, 3)}


def utterance_end(last_word_end: float) -> dict[str, Any]:
    """An `UtteranceEnd` message."""
    return {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": round(last_word_end, 3)}


def metadata(request_id: str, seconds: float, created: str) -> dict[str, Any]:
    """The `Metadata` message that ends a stream."""
    return {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": request_id,
        "sha256": "0" * 64,
        "created": created,
        "duration": round(seconds, 3),
        "channels": 1,
    }


def schema_error(text: str) -> dict[str, Any]:
    """The answer to a text message that is none of the known ones."""
    return {"type": "Error", "variant": "SchemaError", "description": "unknown message", "message": text[:200]}


def error(description: str) -> dict[str, Any]:
    """An error of Deepgram's own; it closes the socket after it."""
    return {"type": "Error", "variant": "INTERNAL_ERROR", "code": "NET-0000", "description": description}
