"""Cartesia's WebSocket for speech: as a provider, and as the protocol our agents speak to us.

Source: Cartesia's API reference, "TTS (WebSocket)", version 2026-03-01.
"""

import base64
from typing import Any

import orjson

from understudy.domain.revision.snapshot import Account
from understudy.domain.routing.providers import cartesia_url
from understudy.domain.speech.codec import Connect
from understudy.domain.speech.voice_codec import Audio, Done, Other, Refused, VoiceEvent, Words

VERSION = "2026-03-01"
"""The protocol version we speak to Cartesia."""

DEFAULT_MODEL = "sonic-3"
"""What is asked for where the revision names no model."""

DEFAULT_BUFFER_MS = 3000
"""How long Cartesia may wait for more text before it speaks, where the agent does not say."""


def connect(account: Account, key: str | None) -> Connect:
    """The request that opens the socket."""
    headers = {"Cartesia-Version": VERSION} | ({"X-API-Key": key} if key else {})
    return Connect(cartesia_url(account.base_url), headers)


def receive(text: str) -> tuple[str, VoiceEvent]:
    """Context id and meaning of a message from Cartesia.

    Raises:
        ValueError: it is not one of the protocol.
    """
    message = orjson.loads(text)
    if not isinstance(message, dict):
        raise ValueError("a message that is not an object")  # noqa: TRY004 - a protocol error, not a caller's
    return str(message.get("context_id") or ""), _event(message)


def _event(message: dict[str, Any]) -> VoiceEvent:
    match message.get("type"):
        case "chunk":
            return Audio(base64.b64decode(message["data"]))
        case "timestamps":
            times = message["word_timestamps"]
            return Words(tuple(times["words"]), tuple(times["start"]), tuple(times["end"]))
        case "done":
            return Done()
        case "error":
            return Refused(message.get("status_code"))
    return Other(message)


def chunk(context_id: str, data: bytes) -> str:
    """Audio for the agent."""
    body = {
        "type": "chunk",
        "context_id": context_id,
        "status_code": 206,
        "done": False,
        "step_time": 0.0,
        "data": base64.b64encode(data).decode(),
    }
    return orjson.dumps(body).decode()


def timestamps(context_id: str, words: Words) -> str:
    """Word times for the agent."""
    times = {"words": words.words, "start": words.starts, "end": words.ends}
    body = {"type": "timestamps", "context_id": context_id, "status_code": 206, "done": False, "word_timestamps": times}
    return orjson.dumps(body).decode()


def done(context_id: str) -> str:
    """The end of a context, for the agent."""
    return orjson.dumps({"type": "done", "context_id": context_id, "status_code": 200, "done": True}).decode()


def error(context_id: str, message: str, status: int = 502) -> str:
    """A failure, for the agent; a `done` still has to follow."""
    body = {
        "type": "error",
        "context_id": context_id,
        "status_code": status,
        "done": True,
        "title": "Voice unavailable",
        "message": message,
        "error": message,
    }
    return orjson.dumps(body).decode()
