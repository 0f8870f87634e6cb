"""The protocol our agents speak to us, Deepgram's `/v1/listen`: messages that we make.

Source: Deepgram's API reference, "Live audio", and deepgram-sdk 7 `listen/v1`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from understudy.domain.speech.codec import Result, Word

PROVIDER_TURNS = frozenset({"endpointing", "utterance_end_ms", "vad_events"})
"""Query parameters of a client that leaves it to the provider where an utterance ends."""

SHORTEST_UTTERANCE_END_MS, LONGEST_UTTERANCE_END_MS = 100, 10_000
"""What `utterance_end_ms` may be here; Deepgram's own takes 1000 and more."""

At = Callable[[float], float]
"""Seconds of a connection → seconds of the agent's audio."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an agent asked for in its query.

    Attributes:
        interims: whether it wants transcripts that may change.
        speech_started: whether it wants to know when the caller begins to speak.
        utterance_end_s: seconds of silence after which it wants to be told that an utterance ended.
        agent_turns: whether it decides where an utterance ends, and so will send `Finalize`.
    """

    interims: bool = True
    speech_started: bool = False
    utterance_end_s: float | None = None
    agent_turns: bool = True


def asked(query: dict[str, str]) -> Asked:
    """What a `/v1/listen` query asks for.

    Raises:
        ValueError: `utterance_end_ms` is no number that it may be.
    """
    ends = query.get("utterance_end_ms")
    if ends is not None and not (
        ends.isdecimal() and SHORTEST_UTTERANCE_END_MS <= int(ends) <= LONGEST_UTTERANCE_END_MS
    ):
        raise ValueError(f"utterance_end_ms must be between {SHORTEST_UTTERANCE_END_MS} and {LONGEST_UTTERANCE_END_MS}")
    return Asked(
        interims=query.get("interim_results") == "true",
        speech_started=query.get("vad_events") == "true",
        utterance_end_s=int(ends) / 1000 if ends else None,
        agent_turns=not PROVIDER_TURNS & query.keys(),
    )


def moved(message: dict[str, Any], at: At) -> dict[str, Any]:
    """`message` with every time of its connection as the agent counts it."""
    start, end = message.get("start", 0.0), message.get("start", 0.0) + message.get("duration", 0.0)
    channel = message.get("channel") or {}
    alternatives = [
        {**alternative, "words": [_moved_word(word, at) for word in alternative.get("words") or ()]}
        for alternative in channel.get("alternatives") or ()
    ]
    times = {"start": at(start), "duration": round(at(end) - at(start), 3)}
    return {**message, **times, "channel": {**channel, "alternatives": alternatives}}


def _moved_word(word: dict[str, Any], at: At) -> dict[str, Any]:
    return {**word, "start": at(word["start"]), "end": at(word["end"])}


def results(result: Result, start: float, end: float, at: At, request_id: str) -> dict[str, Any]:
    """`result`, which covers the agent's audio from `start` to `end`, as Deepgram would say it."""
    words = [_word(word, at, result.confidence) for word in result.words]
    sure = result.confidence if result.confidence is not None else _mean(result.words)
    alternative = {"transcript": result.text, "confidence": sure, "words": words}
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "start": round(start, 3),
        "duration": round(max(0.0, end - start), 3),
        "is_final": result.final,
        "speech_final": result.final and result.ends_turn,
        "from_finalize": False,
        "channel": {"alternatives": [alternative]},
        "metadata": {
            "request_id": request_id,
            "model_uuid": "",
            "model_info": {"name": "", "version": "", "arch": ""},
        },
    }


def _word(word: Word, at: At, otherwise: float | None) -> dict[str, Any]:
    sure = word.confidence if word.confidence is not None else otherwise
    bare = word.text.strip(".,;:!?\"'").lower() or word.text
    return {
        "word": bare,
        "punctuated_word": word.text,
        "start": at(word.start),
        "end": at(word.end),
        "confidence": 1.0 if sure is None else sure,
    }


def _mean(words: tuple[Word, ...]) -> float:
    """How sure the provider is of the whole; 1 where it does not say, 0 of nothing."""
    known = [word.confidence for word in words if word.confidence is not None]
    return sum(known) / len(known) if known else 1.0


def empty_final(at: float, request_id: str = "") -> dict[str, Any]:
    """The answer to a `Finalize` when there is nothing more to say, `at` seconds into the call's audio."""
    message = results(Result("", final=True, confidence=0.0), at, at, round, request_id)
    return {**message, "speech_final": True, "from_finalize": True}


def speech_started(at: float) -> dict[str, Any]:
    """The caller began to speak."""
    return {"type": "SpeechStarted", "channel": [0], "timestamp": round(at, 3)}


def utterance_end(last_word: float) -> dict[str, Any]:
    """The caller has been silent since `last_word`, seconds into the call's audio."""
    return {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": round(last_word, 3)}


def metadata(request_id: str, created: str, seconds: float, channels: int) -> dict[str, Any]:
    """What ends a stream."""
    return {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": request_id,
        "sha256": "",
        "created": created,
        "duration": round(seconds, 3),
        "channels": channels,
    }
