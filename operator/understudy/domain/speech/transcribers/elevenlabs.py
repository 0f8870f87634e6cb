"""ElevenLabs' Scribe, `/v1/speech-to-text/realtime`, with commits of ours.

Source: ElevenLabs' API reference, "Speech to Text: Realtime", its guide "Transcripts and commit strategies", and
elevenlabs-python 2 `realtime`, `types/scribe_*`.

Each commit is answered twice, as `committed_transcript` and as `committed_transcript_with_timestamps`, the second only
where times or a language were asked for, but at times without that too: only the first is taken. Scribe also commits by
itself when an utterance gets long; such a final answers nothing.
"""

import base64
from typing import Any
from urllib.parse import urlencode

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.routing.providers import socket_url
from understudy.domain.speech.codec import (
    Ack,
    Alive,
    AudioFormat,
    Connect,
    Event,
    Failure,
    Flushed,
    Frame,
    Ready,
    Result,
    Traits,
)
from understudy.domain.speech.transcribers.common import Plain, base_language, parsed, reported, strict, text

DEFAULT_MODEL = "scribe_v2_realtime"
"""What is asked for where the revision names no model."""

SUCCESSORS = {"scribe_v1": DEFAULT_MODEL, "scribe_v2": DEFAULT_MODEL}
"""Models for whole recordings, and the one for streams that takes their place."""

RATES = (8000, 16_000, 22_050, 24_000, 44_100, 48_000)
"""Hz that linear samples may have."""

FALLBACK_RATE = 16_000
"""Hz asked for where the agent's rate is none of these."""

MULAW_RATE = 8000
"""Hz that μ-law must have."""

COMMIT_MIN_S = 0.3
"""A commit of less is ignored ("You need at least 0.3s of uncommitted audio")."""

IDLE_S = 20.0
"""Longest time without a message from us. Not documented; the clients of others send one every 5 to 10 s."""

TRANSIENT = frozenset(
    {
        "error",
        "rate_limited",
        "queue_overflow",
        "resource_exhausted",
        "transcriber_error",
        "session_time_limit_exceeded",
    }
)
"""Errors after which another connection is worth while."""

REFUSALS = frozenset(
    {
        "auth_error",
        "quota_exceeded",
        "unaccepted_terms",
        "unaccepted_terms_error",
        "input_error",
        "invalid_request",
        "chunk_size_exceeded",
    }
)
"""Errors that come again."""

IGNORED_COMMITS = frozenset({"commit_throttled", "insufficient_audio_activity"})
"""There was nothing to commit."""


class ElevenLabsCodec(Plain):
    """One connection."""

    traits = Traits(Ack.UTTERANCE, replay_rate=1.25, waits_for_ready=True, finalize_min_s=COMMIT_MIN_S, idle_s=IDLE_S)

    def __init__(self, transcriber: Transcriber, account: Account) -> None:
        self._transcriber = transcriber
        self._account = account
        self._audio = AudioFormat()
        self._commits = 0
        """Of ours, not answered."""

    def takes(self, agent: AudioFormat) -> AudioFormat:
        """μ-law of 8 kHz, or linear samples; one channel."""
        if agent.encoding == "mulaw" and agent.sample_rate == MULAW_RATE:
            return AudioFormat("mulaw", MULAW_RATE)
        return AudioFormat("linear16", agent.sample_rate if agent.sample_rate in RATES else FALLBACK_RATE)

    def open(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Connect:  # noqa: ARG002
        """The request that opens the socket."""
        self._audio = audio
        model = self._transcriber.model or DEFAULT_MODEL
        parameters = {
            "model_id": SUCCESSORS.get(model, model),
            "audio_format": f"{'ulaw' if audio.encoding == 'mulaw' else 'pcm'}_{audio.sample_rate}",
            "commit_strategy": "manual",
        }
        if self._transcriber.language:
            parameters["language_code"] = base_language(self._transcriber.language)
        url = f"{socket_url(self._account.base_url, 'v1', 'speech-to-text/realtime')}?{urlencode(parameters)}"
        return Connect(url, {"xi-api-key": key} if key else {})

    def send(self, audio: bytes) -> list[Frame]:
        """Audio, in text."""
        return [self._chunk(audio)]

    def finalize(self) -> list[Frame]:
        """Commits what was heard so far."""
        self._commits += 1
        return [self._chunk(b"", commit=True)]

    def keep_alive(self) -> list[Frame]:
        """A chunk without audio."""
        return [self._chunk(b"")]

    @strict
    def receive(self, message: Frame) -> list[Event]:
        """What a message of Scribe means.

        Raises:
            ValueError: it is not one of the protocol.
        """
        said = parsed(message)
        kind = said["message_type"]
        match kind:
            case "session_started":
                return [Ready()]
            case "partial_transcript":
                text = str(said["text"]).strip()
                return [Result(text, final=False)] if text else [Alive()]
            case "committed_transcript":
                return self._committed(str(said["text"]).strip())
        if kind in IGNORED_COMMITS:
            return self._committed("") if self._commits else [Alive()]
        if kind in TRANSIENT or kind in REFUSALS:
            return [Failure(reported(kind), transient=kind in TRANSIENT)]
        return [Alive()]

    def _committed(self, text: str) -> list[Event]:
        asked = self._commits > 0
        self._commits -= asked
        if text:
            return [Result(text, final=True, from_finalize=asked)]
        return [Flushed() if asked else Alive()]

    def _chunk(self, audio: bytes, *, commit: bool = False) -> str:
        body: dict[str, Any] = {
            "message_type": "input_audio_chunk",
            "audio_base_64": base64.b64encode(audio).decode(),
            "commit": commit,
            "sample_rate": self._audio.sample_rate,
        }
        return text(body)
