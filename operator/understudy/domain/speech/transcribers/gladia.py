"""Gladia's live transcription, version 2: a POST that opens a session, then the WebSocket that its answer names.

Source: Gladia's documentation ("Live", its asyncapi.yaml, endpointing, custom vocabulary) and the vendor's SDK,
`gladiaio-sdk` (`v2/live/generated_types.py`).

The protocol has no request for a final: `finalize` sends silence, longer than what ends an utterance.
"""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.routing.providers import HTTP, join
from understudy.domain.speech.codec import (
    Ack,
    Alive,
    AudioFormat,
    Connect,
    Event,
    Failure,
    Flushed,
    Frame,
    Post,
    Result,
    Traits,
    Word,
)
from understudy.domain.speech.transcribers.common import Plain, base_language, parsed, reported, strict, text
from understudy.domain.speech.transcribers.gladia_answers import Answers
from understudy.domain.speech.transcribers.gladia_prosody import without_notes, words_without_notes
from understudy.domain.speech.transcribers.timeline import Timeline

MODEL = "solaria-1"
"""The only model of version 2; `fast` and `accurate`, version 1's, mean it too."""

MULTILINGUAL = "multi"

ENCODINGS = {"linear16": ("wav/pcm", 16), "mulaw": ("wav/ulaw", 8), "alaw": ("wav/alaw", 8)}
"""The provider's name, and the bits of a sample."""

RATES = frozenset({8_000, 16_000, 32_000, 44_100, 48_000})
OTHER_RATE = 16_000
"""For an agent whose rate the provider does not take."""

ENDPOINTING_S = 0.05
"""The provider's own `endpointing`."""

MARGIN_S = 0.3
"""Silence beyond `endpointing`, so that it is surely noticed: voice activity is judged in frames, and lags."""

SLACK_S = 0.5
"""How much earlier than the speech, beyond the silence that ends it, its last word may end."""

SESSION_S = 3 * 3600.0
"""How long a session lasts."""

IDLE_S = 20.0
"""How long a session is left without a message: Pipecat's service, which the provider keeps, does it so."""

HINT_WORDS = 5
"""Most words of one entry of the custom vocabulary."""

MAX_VOCABULARY = 100
"""Entries of the custom vocabulary."""

TRANSIENT = frozenset({"internal_error", "session_timeout"})
"""Errors after which a new session works at once."""

STOP_RECORDING = '{"type":"stop_recording"}'
KEEP_ALIVE = '{"type":"audio_chunk","data":{"chunk":""}}'


class GladiaCodec(Plain):
    """One session on one connection."""

    traits = Traits(Ack.WORD, lasts_s=SESSION_S, idle_s=IDLE_S)

    def __init__(self, transcriber: Transcriber, account: Account) -> None:
        self._transcriber = transcriber
        self._account = account
        self._silence_s = transcriber.settings.get("endpointing", ENDPOINTING_S) + MARGIN_S
        self.traits = replace(self.traits, finalize_sends_s=self._silence_s)
        self._answers = Answers(self._silence_s + SLACK_S)
        self._timeline = Timeline(AudioFormat())
        self._url = ""

    def takes(self, agent: AudioFormat) -> AudioFormat:
        """16-bit linear samples, μ-law or A-law, at a rate from the provider's list."""
        encoding = agent.encoding if agent.encoding in ENCODINGS else "linear16"
        return AudioFormat(encoding, agent.sample_rate if agent.sample_rate in RATES else OTHER_RATE)

    def before(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Post:  # noqa: ARG002 - a protocol
        """Opens the session: all that is wanted is said here."""
        url = join(self._account.base_url.rstrip("/").removesuffix("/v2/live"), "/v2/live", HTTP)
        if region := self._transcriber.settings.get("region"):
            url += f"?{urlencode({'region': region})}"
        headers = {"Content-Type": "application/json"} | ({"X-Gladia-Key": key} if key else {})
        return Post(url, headers, text(_session(self._transcriber, audio)).encode())

    def answered(self, body: bytes) -> None:
        """The session's URL, which holds its token.

        Raises:
            ValueError: the answer holds none, or one less safe than the account's.
        """
        url = parsed(body).get("url")
        plain = urlsplit(self._account.base_url).scheme in {"http", "ws"}
        if not isinstance(url, str) or urlsplit(url).scheme not in ({"ws", "wss"} if plain else {"wss"}):
            raise ValueError("the provider opened a session without a URL that could be used")
        self._url = url

    def open(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Connect:  # noqa: ARG002 - a protocol
        """The session's socket; no key: the URL has a token."""
        self._timeline = Timeline(audio)
        return Connect(self._url, {})

    def send(self, audio: bytes) -> list[Frame]:
        """Audio goes as it is."""
        return [self._timeline.sent(audio)]

    def finalize(self) -> list[Frame]:
        """Ends the utterance by silence, which does not count as the caller's."""
        start = self._timeline.position
        silence = self._timeline.silence(self._silence_s)
        self._answers.ask(start, self._timeline.position)
        return [silence]

    def keep_alive(self) -> list[Frame]:
        """A chunk of no audio."""
        return [KEEP_ALIVE]

    def finish(self) -> list[Frame]:
        """No more audio comes."""
        return [STOP_RECORDING]

    @strict
    def receive(self, message: Frame) -> list[Event]:
        """What a message means."""
        said = parsed(message)
        match said["type"]:
            case "transcript":
                return self._transcript(said["data"])
            case "audio_chunk":
                return self._taken(said)
            case "speech_start":
                self._answers.speech_started(said["data"]["time"])
            case "speech_end":
                return _flushed(self._answers.speech_ended(said["data"]["time"]))
            case "error":
                code = said["data"].get("code")
                return [Failure(reported(code), transient=code in TRANSIENT)]
        return [Alive()]

    def _taken(self, said: dict[str, Any]) -> list[Event]:
        if not said["acknowledged"]:
            return [Failure("the provider refused audio")]
        return _flushed(self._answers.taken(said["data"]["time_range"][1]))

    def _transcript(self, data: dict[str, Any]) -> list[Event]:
        said = data["utterance"]
        if not data["is_final"]:
            return [self._result(said)] if said["text"].strip() else [Alive()]
        answers, flushed = self._answers.final(said["start"], said["end"])
        result = self._result(said, final=True, from_finalize=answers)
        return [result if result.text or not answers else Flushed(), *[Flushed()] * flushed]

    def _result(self, said: dict[str, Any], *, final: bool = False, from_finalize: bool = False) -> Result:
        ours = self._timeline.ours
        words = tuple(
            Word(each["word"].strip(), ours(each["start"]), ours(each["end"]), each["confidence"])
            for each in said["words"]
        )
        spoken = said["text"].strip()
        if not self._transcriber.settings.get("prosody"):
            spoken, words = without_notes(spoken), tuple(words_without_notes(words))
        return Result(
            text=spoken,
            final=final,
            from_finalize=from_finalize,
            start=ours(said["start"]),
            end=ours(said["end"]),
            words=words,
            confidence=said["confidence"],
        )


def _flushed(requests: int) -> list[Event]:
    return [Flushed()] * requests or [Alive()]


def _session(transcriber: Transcriber, audio: AudioFormat) -> dict[str, Any]:
    """The body of the POST: the audio, and the revision's settings under today's names."""
    settings = transcriber.settings
    encoding, bits = ENCODINGS[audio.encoding]
    wanted: dict[str, Any] = {
        "encoding": encoding,
        "bit_depth": bits,
        "sample_rate": audio.sample_rate,
        "channels": audio.channels,
        "model": MODEL,
        "messages_config": {
            "receive_partial_transcripts": settings.get("receivePartialTranscripts", True),
            "receive_final_transcripts": True,
            "receive_speech_events": True,
            "receive_acknowledgments": True,
            "receive_errors": True,
            "receive_pre_processing_events": False,
            "receive_realtime_processing_events": False,
            "receive_post_processing_events": False,
            "receive_lifecycle_events": False,
        },
        "endpointing": settings.get("endpointing"),
        "language_config": _languages(transcriber.language),
        "pre_processing": _given(
            audio_enhancer=settings.get("audioEnhancer"), speech_threshold=settings.get("speechThreshold")
        ),
        "realtime_processing": _vocabulary(settings),
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _languages(language: str | None) -> dict[str, Any] | None:
    """One language, any at any time, or, where none is named, one that the provider finds at the beginning."""
    if language == MULTILINGUAL:
        return {"languages": [], "code_switching": True}
    return {"languages": [base_language(language)], "code_switching": False} if language else None


def _vocabulary(settings: dict[str, Any]) -> dict[str, Any] | None:
    """The custom vocabulary; version 1's hint becomes entries of it."""
    config = settings.get("customVocabularyConfig") if settings.get("customVocabularyEnabled") else None
    entries = [*(config or {}).get("vocabulary", ()), *_phrases(settings.get("transcriptionHint") or "")]
    if not entries:
        return None
    intensity = (config or {}).get("defaultIntensity")
    listed = list(dict.fromkeys(entries))[:MAX_VOCABULARY]
    asked = _given(vocabulary=listed, default_intensity=intensity)
    return {"custom_vocabulary": True, "custom_vocabulary_config": asked}


def _phrases(hint: str) -> list[str]:
    """A hint's parts between commas and the like, none longer than an entry may be."""
    parts = [part.split() for part in hint.replace(";", ",").replace(".", ",").replace("\n", ",").split(",")]
    return [" ".join(part[at : at + HINT_WORDS]) for part in parts for at in range(0, len(part), HINT_WORDS)]


def _given(**fields: Any) -> dict[str, Any] | None:
    known = {name: value for name, value in fields.items() if value is not None}
    return known or None
