"""Speechmatics' real-time transcription, version 2 of its WebSocket API.

Source: Speechmatics' AsyncAPI specification (realtime.yaml) and documentation (real-time API reference, output, turn
detection, limits), and the vendor's Python SDK, `speechmatics-rt`.

Audio faster than real time is not refused: the provider reads more slowly. How much it takes is not documented.
"""

from typing import Any
from urllib.parse import urlsplit

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.routing.providers import WS, join
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
    Word,
)
from understudy.domain.speech.transcribers.common import Plain, base_language, parsed, reported, strict, text
from understudy.domain.speech.transcribers.timeline import Timeline

HOSTS = {"eu": "wss://eu.rt.speechmatics.com", "us": "wss://us.rt.speechmatics.com"}
"""By the setting `region`, where the account names no host of its own."""

ENCODINGS = {"linear16": "pcm_s16le", "mulaw": "mulaw"}

OUTPUT_LOCALES = frozenset({"en-GB", "en-US", "en-AU"})
"""Spellings that a language may be asked for in."""

DEFAULT_LANGUAGE = "en"
DEFAULT_OPERATING_POINT = "enhanced"

SESSION_S = 48 * 3600.0
"""How long a session lasts."""

IDLE_S = 180.0
"""Without audio, and without WebSocket pings, the provider closes after so long."""

KEEP_ALIVE_S = 0.02
"""Silence sent to keep a session: the protocol has no message for it."""

TRANSIENT = frozenset({"session_timeout", "idle_timeout", "unknown_error"})
"""Errors after which a new session works at once; after job_error and quota_exceeded 5 to 10 s have to pass."""

DEAF = "duration_limit_exceeded"
"""The warning after which audio is taken and not transcribed."""


class SpeechmaticsCodec(Plain):
    """One session."""

    traits = Traits(Ack.WORD, waits_for_ready=True, lasts_s=SESSION_S, idle_s=IDLE_S)

    def __init__(self, transcriber: Transcriber, account: Account) -> None:
        self._transcriber = transcriber
        self._account = account
        self._audio = AudioFormat()
        self._timeline = Timeline(self._audio)
        self._messages = 0
        """Messages of audio: `EndOfStream` tells how many there were."""
        self._asked = 0
        self._answered = False
        """Whether the answer to a `finalize` came, and only its `EndOfUtterance` is missing."""

    def takes(self, agent: AudioFormat) -> AudioFormat:
        """16-bit linear samples or μ-law, of any rate."""
        return AudioFormat(agent.encoding if agent.encoding in ENCODINGS else "linear16", agent.sample_rate)

    def open(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Connect:  # noqa: ARG002 - a protocol
        """The socket; what is wanted is said in `greet`."""
        self._audio, self._timeline = audio, Timeline(audio)
        region = self._transcriber.settings.get("region")
        base = HOSTS[region] if region and self._account.default_host else self._account.base_url
        versioned = urlsplit(base).path.rstrip("/").endswith("/v2")
        return Connect(join(base, "" if versioned else "/v2", WS), {"Authorization": f"Bearer {key}"} if key else {})

    def greet(self) -> list[Frame]:
        """Says what is sent and what is wanted."""
        raw = {"type": "raw", "encoding": ENCODINGS[self._audio.encoding], "sample_rate": self._audio.sample_rate}
        wanted = _config(self._transcriber)
        return [text({"message": "StartRecognition", "audio_format": raw, "transcription_config": wanted})]

    def send(self, audio: bytes) -> list[Frame]:
        """Audio goes as it is."""
        self._messages += 1
        return [self._timeline.sent(audio)]

    def finalize(self) -> list[Frame]:
        """Ends the utterance here."""
        self._asked += 1
        return [text({"message": "ForceEndOfUtterance", "timestamp": round(self._timeline.position, 3)})]

    def keep_alive(self) -> list[Frame]:
        """A little silence, which does not count as the caller's."""
        self._messages += 1
        return [self._timeline.silence(KEEP_ALIVE_S)]

    def finish(self) -> list[Frame]:
        """No more audio comes."""
        return [text({"message": "EndOfStream", "last_seq_no": self._messages})]

    @strict
    def receive(self, message: Frame) -> list[Event]:
        """What a message means."""
        return [self._meant(parsed(message))]

    def _meant(self, said: dict[str, Any]) -> Event:
        event: Event = Alive()
        match said["message"]:
            case "RecognitionStarted":
                event = Ready()
            case "AddPartialTranscript":
                event = self._partial(said)
            case "AddTranscript":
                event = self._final(said)
            case "EndOfUtterance":
                event = self._ended()
            case "Error" | "Warning":
                event = _trouble(said)
        return event

    def _partial(self, said: dict[str, Any]) -> Event:
        heard = self._result(said)
        return heard if heard.text else Alive()

    def _final(self, said: dict[str, Any]) -> Event:
        answer = bool(said.get("forced")) and self._asked > 0
        self._asked -= answer
        self._answered = self._answered or answer
        heard = self._result(said, final=True, from_finalize=answer)
        return heard if heard.text or not answer else Flushed()

    def _ended(self) -> Event:
        """The end of the answer; the whole of it where nothing was left to transcribe."""
        if self._answered or not self._asked:
            self._answered = False
            return Alive()
        self._asked -= 1
        return Flushed()

    def _result(self, said: dict[str, Any], *, final: bool = False, from_finalize: bool = False) -> Result:
        span = said["metadata"]
        words = self._words(said["results"])
        return Result(
            text=span["transcript"].strip(),
            final=final,
            from_finalize=from_finalize,
            start=self._timeline.ours(span["start_time"]),
            end=self._timeline.ours(span["end_time"]),
            words=words,
            # Of a partial the provider says that it means nothing.
            confidence=sum(each.confidence or 0.0 for each in words) / len(words) if words and final else None,
        )

    def _words(self, results: list[dict[str, Any]]) -> tuple[Word, ...]:
        """Words and entities; a punctuation mark belongs to the word before it."""
        words: list[Word] = []
        for said in results:
            best = (said.get("alternatives") or [{"content": "", "confidence": 0.0}])[0]
            if said["type"] == "punctuation" and words:
                last = words.pop()
                words.append(Word(last.text + best["content"], last.start, last.end, last.confidence))
            elif said["type"] in {"word", "entity"}:
                start, end = self._timeline.ours(said["start_time"]), self._timeline.ours(said["end_time"])
                words.append(Word(best["content"], start, end, float(best["confidence"])))
        return tuple(words)


def _trouble(said: dict[str, Any]) -> Event:
    """What an error or a warning means; most warnings, nothing."""
    if said["message"] == "Warning":
        return Failure(reported(DEAF), transient=True) if said["type"] == DEAF else Alive()
    return Failure(reported(said["type"]), transient=said["type"] in TRANSIENT)


def _config(transcriber: Transcriber) -> dict[str, Any]:
    """The revision's settings under the provider's names."""
    settings, language = transcriber.settings, transcriber.language or DEFAULT_LANGUAGE
    wanted: dict[str, Any] = {
        "language": base_language(language),
        "operating_point": settings.get("operatingPoint") or DEFAULT_OPERATING_POINT,
        "enable_partials": True,
    }
    if language in OUTPUT_LOCALES:
        wanted["output_locale"] = language
    if (delay_ms := settings.get("maxDelayMs")) is not None:
        wanted["max_delay"] = delay_ms / 1000
    if settings.get("enableDiarization"):
        wanted["diarization"] = "speaker"
    return wanted
