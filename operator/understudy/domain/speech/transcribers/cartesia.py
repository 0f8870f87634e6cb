"""Cartesia's streaming transcription with manual finalization, `/stt/websocket`.

Source: Cartesia's API reference, "Speech-to-Text (Streaming)", version 2026-03-01, its page "Migrate from Deepgram
(Nova)", and cartesia-python 3 `types/stt`.

A transcript is made of final chunks, to be joined as they are: only `flush_done` says that all audio before a
`finalize` is in them. So chunks are gathered until then, and the finals given here cover whole utterances. Times of
words are passed on, and nothing is concluded from them. Before a `finalize` chunks may come or not.
"""

from typing import Any
from urllib.parse import urlencode

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.routing.providers import cartesia_stt_url
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
    Word,
)
from understudy.domain.speech.transcribers.common import Plain, parsed, reported, silence, strict

VERSION = "2026-03-01"
"""The protocol version we speak to Cartesia."""

DEFAULT_MODEL = "ink-whisper"
"""What is asked for where the revision names no model."""

ENCODINGS = {"linear16": "pcm_s16le", "mulaw": "pcm_mulaw", "alaw": "pcm_alaw"}
"""Cartesia's names of encodings."""

IDLE_S = 180.0
"""Cartesia closes a socket without messages after three minutes."""

KEEP_ALIVE_S = 0.02
"""Silence sent when nothing else is: a frame of a telephone line."""

FINALIZE, CLOSE = "finalize", "close"

BAD_REQUEST, TOO_MANY, SERVER_ERROR = 400, 429, 500
"""HTTP statuses that errors carry."""


class CartesiaCodec(Plain):
    """One connection."""

    traits = Traits(Ack.UTTERANCE, replay_rate=1.25, idle_s=IDLE_S, interims=False)

    def __init__(self, transcriber: Transcriber, account: Account) -> None:
        self._transcriber = transcriber
        self._account = account
        self._audio = AudioFormat()
        self._text = ""
        self._words: tuple[Word, ...] = ()

    def takes(self, agent: AudioFormat) -> AudioFormat:
        """Any rate; one channel."""
        return AudioFormat(agent.encoding if agent.encoding in ENCODINGS else "linear16", agent.sample_rate)

    def open(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Connect:  # noqa: ARG002
        """The request that opens the socket."""
        self._audio = audio
        parameters = {
            "model": self._transcriber.model or DEFAULT_MODEL,
            "encoding": ENCODINGS[audio.encoding],
            "sample_rate": audio.sample_rate,
        }
        if self._transcriber.language:
            parameters["language"] = self._transcriber.language
        url = f"{cartesia_stt_url(self._account.base_url)}?{urlencode(parameters)}"
        return Connect(url, {"Cartesia-Version": VERSION} | ({"X-API-Key": key} if key else {}))

    def send(self, audio: bytes) -> list[Frame]:
        """Audio goes as it is."""
        return [audio]

    def finalize(self) -> list[Frame]:
        """Asks for all that was heard."""
        return [FINALIZE]

    def keep_alive(self) -> list[Frame]:
        """There is no message for this that is not answered."""
        return [silence(self._audio, KEEP_ALIVE_S)]

    def finish(self) -> list[Frame]:
        """Cartesia sends what it still has, and `done`."""
        return [CLOSE]

    @strict
    def receive(self, message: Frame) -> list[Event]:
        """What a message of Cartesia means.

        Raises:
            ValueError: it is not one of the protocol.
        """
        said = parsed(message)
        match said["type"]:
            case "transcript":
                return self._chunk(said)
            case "flush_done":
                return [self._whole(from_finalize=True) or Flushed()]
            case "done":
                return [self._whole(from_finalize=False) or Alive()]
            case "error":
                return [_failure(said)]
        return [Alive()]

    def _chunk(self, said: dict[str, Any]) -> list[Event]:
        text = self._text + str(said["text"])
        spoken = tuple(
            Word(str(one["word"]), float(one["start"]), float(one["end"])) for one in said.get("words") or ()
        )
        words = self._words + spoken
        if said["is_final"]:
            self._text, self._words = text, words
        return [Result(text.strip(), final=False, words=words)] if text.strip() else [Alive()]

    def _whole(self, *, from_finalize: bool) -> Result | None:
        """All that was said since the last; None where nothing was."""
        text, words = self._text.strip(), self._words
        self._text, self._words = "", ()
        return Result(text, final=True, from_finalize=from_finalize, words=words) if text else None


def _failure(said: dict[str, Any]) -> Failure:
    status = int(said.get("status_code") or said.get("code") or BAD_REQUEST)
    return Failure(reported(said.get("error_code") or status), transient=status >= SERVER_ERROR or status == TOO_MANY)
