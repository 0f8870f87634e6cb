"""The protocol our agents speak to us, Deepgram's `/v1/listen`: messages that we make.

Source: Deepgram's API reference, "Live audio", and deepgram-sdk `listen/v1`.
"""

from typing import Any

PROVIDER_TURNS = frozenset({"endpointing", "utterance_end_ms", "vad_events"})
"""Query parameters of a client that leaves it to the provider where an utterance ends."""


def shifted(message: dict[str, Any], seconds: float) -> dict[str, Any]:
    """`message` with every time moved by `seconds`: a connection's clock starts at its own first audio."""
    moved = {**message, "start": round(message.get("start", 0.0) + seconds, 3)}
    alternatives = [
        {**alternative, "words": [_shifted_word(word, seconds) for word in alternative.get("words") or ()]}
        for alternative in (message.get("channel") or {}).get("alternatives") or ()
    ]
    moved["channel"] = {**(message.get("channel") or {}), "alternatives": alternatives}
    return moved


def _shifted_word(word: dict[str, Any], seconds: float) -> dict[str, Any]:
    return {**word, "start": round(word["start"] + seconds, 3), "end": round(word["end"] + seconds, 3)}


def empty_final(at: float) -> dict[str, Any]:
    """The answer to a `Finalize` when there is nothing more to say, `at` seconds into the call's audio."""
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "start": round(at, 3),
        "duration": 0.0,
        "is_final": True,
        "speech_final": True,
        "from_finalize": True,
        "channel": {"alternatives": [{"transcript": "", "confidence": 0.0, "words": []}]},
        "metadata": {"request_id": "", "model_uuid": "", "model_info": {"name": "", "version": "", "arch": ""}},
    }
