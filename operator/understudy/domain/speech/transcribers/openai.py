"""OpenAI's Realtime API as a transcription session, without voice detection of its own.

Source: OpenAI's API reference, "Realtime", guide "Realtime transcription", and openai-python 3 `types/realtime`.

Transcripts of different commits may come in any order; they are given in the order of the commits.
"""

import base64
from collections import deque
from dataclasses import dataclass, replace
from typing import Any

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.routing.providers import openai_realtime_url
from understudy.domain.speech.codec import (
    Ack,
    Alive,
    AudioFormat,
    Connect,
    Event,
    Failure,
    Flushed,
    Frame,
    Result,
    Traits,
)
from understudy.domain.speech.transcribers.common import Plain, base_language, parsed, reported, strict, text

DEFAULT_MODEL = "gpt-live-transcribe"
"""What is asked for where nobody names a model: an account that takes over by itself."""

STREAMING = ("gpt-realtime-whisper", "gpt-live-transcribe")
"""Models that tell what they hear before a commit."""

SEVERAL_LANGUAGES = ("gpt-transcribe", "gpt-live-transcribe")
"""Models that take `languages`; the others take `language`."""

FORMAT = AudioFormat("linear16", 24_000)
"""The only one that transcription sessions take as PCM."""

COMMIT_MIN_S = 0.1
"""A commit of less is an error."""

SESSION_S = 3600.0
"""Longest session."""

COMMIT = '{"type":"input_audio_buffer.commit"}'

NOTHING_TO_COMMIT = "input_audio_buffer_commit_empty"
"""Code of the error after a commit of less than `COMMIT_MIN_S`."""

TRANSIENT = frozenset({"server_error", "rate_limit_error", "rate_limit_exceeded", "session_expired"})
"""Types and codes of errors after which another session is worth while."""

_TRANSCRIPTION = "conversation.item.input_audio_transcription."


@dataclass(slots=True)
class _Commit:
    """A commit that is not answered yet, or answered before one that came earlier."""

    item: str | None = None
    text: str | None = None


class OpenAiCodec(Plain):
    """One session."""

    traits = Traits(Ack.UTTERANCE, replay_rate=1.25, finalize_min_s=COMMIT_MIN_S, lasts_s=SESSION_S)

    def __init__(self, transcriber: Transcriber, account: Account) -> None:
        self.traits = replace(self.traits, interims=(transcriber.model or DEFAULT_MODEL) in STREAMING)
        self._transcriber = transcriber
        self._account = account
        self._commits: deque[_Commit] = deque()
        self._heard: dict[str, str] = {}
        """What was heard of each item that is not final, in the order of the items."""

    def takes(self, agent: AudioFormat) -> AudioFormat:  # noqa: ARG002 - there is only one
        """Linear samples of 24 kHz, one channel."""
        return FORMAT

    def open(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Connect:  # noqa: ARG002
        """The request that opens the socket. A model in the URL would make it a conversation."""
        url = f"{openai_realtime_url(self._account.base_url)}?intent=transcription"
        return Connect(url, {"Authorization": f"Bearer {key}"} if key else {})

    def greet(self) -> list[Frame]:
        """Says what to transcribe with. OpenAI takes events in their order, so audio may follow at once."""
        model = self._transcriber.model or DEFAULT_MODEL
        transcription: dict[str, Any] = {"model": model}
        if self._transcriber.language:
            language = base_language(self._transcriber.language)
            transcription |= {"languages": [language]} if model in SEVERAL_LANGUAGES else {"language": language}
        heard = {"format": {"type": "audio/pcm", "rate": FORMAT.sample_rate}, "transcription": transcription}
        session = {"type": "transcription", "audio": {"input": heard | {"turn_detection": None}}}
        return [text({"type": "session.update", "session": session})]

    def send(self, audio: bytes) -> list[Frame]:
        """Audio, in text."""
        return [text({"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode()})]

    def finalize(self) -> list[Frame]:
        """Commits what was heard so far."""
        self._commits.append(_Commit())
        return [COMMIT]

    @strict
    def receive(self, message: Frame) -> list[Event]:
        """What an event of OpenAI's means.

        Raises:
            ValueError: it is not one of the protocol.
        """
        said = parsed(message)
        kind = str(said["type"])
        match kind.removeprefix(_TRANSCRIPTION):
            case "input_audio_buffer.committed":
                self._name(str(said["item_id"]))
            case "delta":
                return self._delta(str(said["item_id"]), str(said.get("delta") or ""))
            case "completed":
                return self._completed(str(said["item_id"]), str(said["transcript"]).strip())
            case "failed":
                return [Failure(reported(said["error"].get("code")), transient=True)]
            case "error":
                return self._error(said["error"])
        return [Alive()]

    def _unnamed(self) -> _Commit | None:
        """The first commit that OpenAI has not taken note of."""
        return next((commit for commit in self._commits if commit.item is None and commit.text is None), None)

    def _name(self, item: str) -> None:
        commit = self._unnamed()
        if commit is not None:
            commit.item = item

    def _delta(self, item: str, delta: str) -> list[Event]:
        self._heard[item] = self._heard.get(item, "") + delta
        return self._interim()

    def _interim(self) -> list[Event]:
        text = " ".join(part.strip() for part in self._heard.values()).strip()
        return [Result(text, final=False)] if text else [Alive()]

    def _completed(self, item: str, text: str) -> list[Event]:
        commit = next((commit for commit in self._commits if commit.item == item), None)
        if commit is None:  # of no commit of ours
            return [Alive()]
        commit.text = text
        return self._in_order() or [Alive()]

    def _in_order(self) -> list[Event]:
        """The finals that have nothing before them any more."""
        events: list[Event] = []
        while self._commits and self._commits[0].text is not None:
            commit = self._commits.popleft()
            self._heard.pop(commit.item or "", None)
            events.append(Result(commit.text, final=True, from_finalize=True) if commit.text else Flushed())
        return events

    def _error(self, error: dict[str, Any]) -> list[Event]:
        commit = self._unnamed()
        if commit is not None and error.get("code") == NOTHING_TO_COMMIT:
            commit.text = ""
            return self._in_order() or [Alive()]
        transient = not TRANSIENT.isdisjoint({error.get("type"), error.get("code")})
        return [Failure(reported(error.get("code") or error.get("type")), transient=transient)]
